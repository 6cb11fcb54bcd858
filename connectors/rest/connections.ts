import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { malformed, rawAnswer } from './answer.ts';

/** Requests of one connection that may wait for their answers at once; a browser sends one at a time. */
export const maxPipelined = 16;

/** What each connection still waits for: clients that send request after request must not crowd the others out. */
export class Connections {
  readonly #open = new WeakMap<Duplex, Set<ServerResponse>>();

  /** Takes a request; false when its connection has too many under way. */
  take({ socket }: IncomingMessage, response: ServerResponse): boolean {
    const open = this.#open.get(socket) ?? new Set();
    this.#open.set(socket, open);
    open.add(response);
    response.on('close', () => open.delete(response));
    return open.size <= maxPipelined;
  }

  /** Answers bytes that are no request, after the requests before them, and ends the connection. */
  refuse(socket: Duplex, error: Error): void {
    const last = [...(this.#open.get(socket) ?? [])].at(-1);
    const end = () => {
      if (socket.writable) socket.end(rawAnswer(malformed(error)), () => socket.destroy());
      else socket.destroy();
    };
    if (last) last.once('close', end);
    else end();
  }
}
