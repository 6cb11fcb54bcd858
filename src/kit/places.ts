import type { JSONSchema } from 'json-schema-to-ts';
import { networkOf } from './client-network.ts';

/** The option `max_clients_per_address` of a server. */
export const perAddressSchema = {
  type: 'integer',
  minimum: 1,
  maximum: 100_000,
  description:
    'Maximum number of clients of an IPv4 address, or of a /64 network of IPv6. Others are refused. Clients behind one proxy have one address. Default: as many as `max_clients`.',
  examples: [20],
} as const satisfies JSONSchema;

/** The places of a server's clients, in all and for each address. */
export class Places {
  readonly #most: number;
  readonly #mostOfOne: number;
  readonly #ofNetwork = new Map<string, number>();
  #taken = 0;

  constructor(most: number, mostOfOne: number = most) {
    this.#most = most;
    this.#mostOfOne = mostOfOne;
  }

  /** Takes a place; none left is `all`, none for this address `address`. What is returned gives the place back, once. */
  take(address: string | undefined): 'all' | 'address' | (() => void) {
    const network = networkOf(address ?? '');
    const own = this.#ofNetwork.get(network) ?? 0;
    if (this.#taken >= this.#most) return 'all';
    if (own >= this.#mostOfOne) return 'address';
    this.#taken++;
    this.#ofNetwork.set(network, own + 1);
    let isHeld = true;
    return () => {
      if (isHeld) this.#free(network);
      isHeld = false;
    };
  }

  #free(network: string): void {
    this.#taken--;
    const left = (this.#ofNetwork.get(network) ?? 1) - 1;
    if (left > 0) this.#ofNetwork.set(network, left);
    else this.#ofNetwork.delete(network);
  }
}
