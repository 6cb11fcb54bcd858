import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Places } from '../../src/kit/places.ts';
import { WaitingRoom } from '../../src/kit/waiting-room.ts';
import { notNow, type Refusal, rawAnswer } from './answer.ts';

/** The most pending requests of one connection; a browser sends one at a time. */
export const maxPipelined = 16;

const full: Refusal = {
  ...notNow('FDP_BUSY', 'too many connections: try again later'),
  headers: { Connection: 'close', 'Retry-After': '1' },
};

/**
 * The connections of a server. One takes a place when a request of it is let in, so that those who ask nothing, or have no key, take
 * none. The pending requests of each are bounded, so that one client can't crowd the others out.
 */
export class Connections {
  readonly #open = new WeakMap<Duplex, Set<ServerResponse>>();
  readonly #refused = new WeakSet<Duplex>();
  readonly #admitted = new WeakSet<Duplex>();
  readonly #places: Places;
  readonly #room: WaitingRoom;
  readonly #turnedAway: () => void;

  /** @param turnedAway is called for each connection that finds no place, or makes room for others */
  constructor(most: number, turnedAway: () => void) {
    this.#places = new Places(most);
    this.#room = new WaitingRoom(turnedAway);
    this.#turnedAway = turnedAway;
  }

  /** A new connection, before its handshake if it has one. */
  enter(socket: Socket): void {
    this.#room.enter(socket);
  }

  /** Lets a connection in with its request, or says why not. */
  admit({ socket }: IncomingMessage): Refusal | undefined {
    if (this.#admitted.has(socket)) return undefined;
    const place = this.#places.take(socket.remoteAddress);
    if (typeof place === 'string') {
      this.#turnedAway();
      return full;
    }
    this.#admitted.add(socket);
    this.#room.leave(socket);
    socket.once('close', place);
    return undefined;
  }

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
