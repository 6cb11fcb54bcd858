import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Refusal, rawAnswer } from './answer.ts';

/** Requests of one connection that may wait for their answers at once; a browser sends one at a time. */
export const maxPipelined = 16;

/** What each connection still waits for: clients that send request after request must not crowd the others out. */
export class Connections {
  readonly #open = new WeakMap<Duplex, Set<ServerResponse>>();
  readonly #refused = new WeakSet<Duplex>();

  /** Takes a request; false when its connection has too many under way. */
  take({ socket }: IncomingMessage, response: ServerResponse): boolean {
    const open = this.#open.get(socket) ?? new Set();
    this.#open.set(socket, open);
    open.add(response);
    response.on('close', () => open.delete(response));
    return open.size <= maxPipelined;
  }

  /**
   * Answers what can't be taken as a request, after the requests before it, and ends the connection; what comes
   * behind it is thrown away. False when the connection was refused before.
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
