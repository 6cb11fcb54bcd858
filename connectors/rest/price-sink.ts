import type { Receipt, Sink } from '../../src/engine/component.ts';
import type { Message } from '../../src/engine/message.ts';
import { FdpError } from '../../src/errors.ts';
import type { Price, Prices } from './prices.ts';

/**
 * The sink role: the newest price of each symbol, for the pages that are connected. Takes everything at once, so it never
 * delays its topology; nothing is durable. A message that is no price fails (FDP_MESSAGE_REFUSED).
 */
export class PriceSink implements Sink {
  readonly ordered = true;
  readonly #prices: Prices;

  constructor(prices: Prices) {
    this.#prices = prices;
  }

  async connect(): Promise<void> {}

  async close(): Promise<void> {}

  async write(messages: readonly Message[]): Promise<Receipt> {
    const failed = new Map<number, Error>();
    for (const [place, { value }] of messages.entries()) {
      const price = priceOf(value);
      if (price) this.#prices.take(price);
      else failed.set(place, new FdpError('FDP_MESSAGE_REFUSED', expected));
    }
    return failed.size > 0 ? { failed } : {};
  }
}

const expected = 'expected `symbol`, `price`, `vwap` and `time`, as the VWAP feed has them';
const longestText = 64;

function priceOf(value: unknown): Price | undefined {
  const { symbol, price, vwap = null, time } = (value ?? {}) as Partial<Record<keyof Price, unknown>>;
  if (!isText(symbol) || !isText(time) || typeof price !== 'number') return undefined;
  return vwap === null || typeof vwap === 'number' ? { symbol, price, vwap, time } : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= longestText;
}
