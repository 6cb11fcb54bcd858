import type { Socket } from 'node:net';
import { networkOf } from './client-network.ts';

interface Stranger {
  readonly socket: Socket;
  readonly network: string;
  readonly onClose: () => void;
}

/** Strangers at once, of all addresses and of one: clients that were cut off come back all at once. */
const most = 500;
const mostOfOne = 250;

/**
 * The connections of a server that are not let in yet: they agree on keys, or have not sent a token. They have places of
 * their own, so that they take none of those who are let in; where there is none left, the one that has waited longest goes.
 * With TLS the server knows a connection as two sockets: both are found by their addresses.
 */
export class WaitingRoom {
  readonly #strangers = new Map<string, Stranger>();
  readonly #ofNetwork = new Map<string, number>();
  readonly #crowdedOut: () => void;

  /** @param crowdedOut is called for each that goes because others came */
  constructor(crowdedOut: () => void) {
    this.#crowdedOut = crowdedOut;
  }

  get size(): number {
    return this.#strangers.size;
  }

  /** Of a connection that the operating system has just given. */
  enter(socket: Socket): void {
    const { remoteAddress } = socket;
    if (remoteAddress === undefined) {
      socket.destroy(); // it has left already
      return;
    }
    const id = idOf(socket);
    const network = networkOf(remoteAddress);
    this.leave(socket);
    const onClose = () => this.#remove(id);
    this.#strangers.set(id, { socket, network, onClose });
    this.#ofNetwork.set(network, (this.#ofNetwork.get(network) ?? 0) + 1);
    socket.on('close', onClose);
    this.#makeRoom(network);
  }

  /** It is let in. */
  leave(socket: Socket): void {
    this.#remove(idOf(socket));
  }

  /** Disconnects all. */
  end(): void {
    for (const { socket } of this.#strangers.values()) socket.destroy();
  }

  #makeRoom(network: string): void {
    const isOneTooMany = (this.#ofNetwork.get(network) ?? 0) > mostOfOne;
    if (!isOneTooMany && this.#strangers.size <= most) return;
    for (const [id, stranger] of this.#strangers) {
      if (isOneTooMany && stranger.network !== network) continue;
      this.#remove(id);
      stranger.socket.destroy();
      this.#crowdedOut();
      return;
    }
  }

  #remove(id: string): void {
    const stranger = this.#strangers.get(id);
    if (!stranger) return;
    const { socket, network, onClose } = stranger;
    socket.off('close', onClose);
    this.#strangers.delete(id);
    const left = (this.#ofNetwork.get(network) ?? 1) - 1;
    if (left > 0) this.#ofNetwork.set(network, left);
    else this.#ofNetwork.delete(network);
  }
}

function idOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}
