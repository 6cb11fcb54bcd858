import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Refusal, rawAnswer } from './answer.ts';

/** The most pending requests of one connection; a browser sends one at a time. */
export const maxPipelined = 16;

/** The pending requests of each connection, bounded so that one client can't crowd the others out. */
export class Connections {
  readonly #open = new WeakMap<Duplex, Set<ServerResponse>>();
  readonly #refused = new WeakSet<Duplex>();

  /** Adds a request; false if its connection has too many pending ones. */
  take({ socket }: IncomingMessage, response: ServerResponse): boolean {
    const open = this.#open.get(socket) ?? new Set();
    this.#open.set(socket, open);
    open.add(response);
    response.on('close', () => open.delete(response));
    return open.size <= maxPipelined;
  }

  /**
   * Replies to an invalid request, after the requests before it, and closes the connection; bytes
   * after it are dropped. False if the connection was refused before.
   */
  refuse(socket: Duplex, refusal: Refusal): boolean {
    if (this.#refused.has(socket)) return false;
    this.#refused.add(socket);
    const last = [...(this.#open.get(socket) ?? [])].at(-1);
    const end = () => {
      if (socket.writable) socket.end(rawAnswer(refusal), () => socket.destroy());
      else socket.destroy();
    };
    if (last) last.once('close', end);
    else end();
    return true;
  }
}
