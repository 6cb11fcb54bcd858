import { pause } from '../cli/faults.ts';
import { eventually } from '../cli/platform.ts';
import type { NumberedExchange } from '../sockets/numbered-exchange.ts';
import type { LedgerAddress } from './ledger-books.ts';
import { differences, readBooks, storedIn } from './ledger-books.ts';

/** Broker settings for fault tests: no retention, since the trades are old, and soon registered again after a kill. */
export const brokerProperties = {
  'log.retention.ms': '-1',
  'broker.session.timeout.ms': '3000',
  'broker.heartbeat.interval.ms': '500',
};

/** Sends frames of a numbered exchange at a steady pace until the load is ended. */
export class ExchangeLoad {
  readonly exchange: NumberedExchange;
  /** Number of frames sent. */
  frames = 0;
  readonly #stop = new AbortController();
  readonly #sending: Promise<void>;

  constructor(exchange: NumberedExchange, framesPerSecond: number) {
    this.exchange = exchange;
    this.#sending = this.#send(framesPerSecond);
  }

  /** Stops sending; resolves after the last frame. */
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
 * All differences between the stores and the log, and between the log and the trades that the exchange delivered or
 * that others are known to have appended. While a server is not back, that is the only one.
 */
export async function auditOf(
  address: LedgerAddress,
  exchange: NumberedExchange,
  others: Iterable<number> = [],
): Promise<readonly string[]> {
  const acknowledged = [...exchange.delivered, ...others];
  return readBooks(address).then(
    (books) => differences(books, acknowledged),
    (error) => [`can't be read: ${error}`],
  );
}

/**
 * Waits until an audit finds no difference. It reads and compares everything, which is left alone as long as fewer trades
 * are stored than were delivered.
 */
export async function untilWhole(
  address: LedgerAddress,
  exchange: NumberedExchange,
  others: ReadonlySet<number> = new Set(),
): Promise<void> {
  const isWhole = async () => {
    await pause(300);
    const stored = await storedIn(address).catch(() => 0);
    return stored >= exchange.delivered.length + others.size && (await auditOf(address, exchange, others)).length === 0;
  };
  await eventually('everything stored and counted', isWhole, 90_000);
}
