import { FdpError } from '../../src/errors.ts';
import type { Message } from '../../src/kit/message.ts';
import type { RoleContext } from '../../src/kit/role.ts';
import type { Receipt, Sink } from '../../src/kit/sink.ts';
import { FeedWatch, readFeedLine, refusal } from '../shared/feed/line.ts';
import type { Prices } from './prices.ts';

/**
 * The sink role: the newest price of each symbol, for connected pages. Accepts everything at once, so it never
 * delays its topology; nothing is durable. A message that is not a price line fails (FDP_MESSAGE_REFUSED), and the node
 * is `retrying` while none can be read.
 */
export class PriceSink implements Sink {
  readonly ordered = true;
  readonly #prices: Prices;
  readonly #watch: FeedWatch;

  constructor(prices: Prices, { node }: Pick<RoleContext, 'node'>) {
    this.#prices = prices;
    this.#watch = new FeedWatch(node);
  }

  async connect(): Promise<void> {}

  async close(): Promise<void> {}

  async write(messages: readonly Message[]): Promise<Receipt> {
    const failed = new Map<number, Error>();
    for (const [index, { value, timestamp }] of messages.entries()) {
      const line = readFeedLine(value);
      if (line) {
        const { symbol, price, vwap = null, time = timestamp } = line;
        this.#prices.take({ symbol, price, vwap, time: new Date(time).toISOString() });
      } else failed.set(index, new FdpError('FDP_MESSAGE_REFUSED', refusal(value)));
    }
    const [refused] = failed.keys();
    this.#watch.saw(messages.length - failed.size, refused === undefined ? undefined : messages[refused]);
    return failed.size > 0 ? { failed } : {};
  }
}
