import type { NumberedExchange } from '../sockets/numbered-exchange.ts';
import type { LedgerAddress } from './ledger.ts';
import { differences, readBooks } from './ledger.ts';

/** A broker's settings for faults: the exchange's trades are old, and after a kill it is to be let in soon again. */
export const brokerProperties = {
  'log.retention.ms': '-1',
  'broker.session.timeout.ms': '3000',
  'broker.heartbeat.interval.ms': '500',
};

/** Frames of a numbered exchange, sent at a steady pace until the load is ended. */
export class ExchangeLoad {
  readonly exchange: NumberedExchange;
  /** Frames that were handed over. */
  frames = 0;
  readonly #stop = new AbortController();
  readonly #sending: Promise<void>;

  constructor(exchange: NumberedExchange, framesPerSecond: number) {
    this.exchange = exchange;
    this.#sending = this.#send(framesPerSecond);
  }

  /** Resolves when the last frame is on its way. */
  end(): Promise<void> {
    this.#stop.abort();
    return this.#sending;
  }

  async #send(framesPerSecond: number): Promise<void> {
    const started = performance.now();
    while (!this.#stop.signal.aborted) {
      const due = Math.floor(((performance.now() - started) / 1000) * framesPerSecond) - this.frames;
      await this.exchange.sendTrades(Math.max(0, due));
      this.frames += Math.max(0, due);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

/**
 * Every way in which the stores differ from the log, and the log from what the exchange has handed over and others are
 * known to have put there.
 */
export async function auditOf(
  address: LedgerAddress,
  exchange: NumberedExchange,
  others: Iterable<number> = [],
): Promise<readonly string[]> {
  const acknowledged = [...exchange.delivered, ...others];
  return differences(await readBooks(address), acknowledged);
}
