import type { Writable } from 'node:stream';
import { errorText, FdpError } from '../../src/errors.ts';
import { unlessAborted } from '../../src/kit/clock.ts';
import type { Message } from '../../src/kit/message.ts';
import { basisPoints, decimalsOf, priceText, vwapDistance } from '../../src/kit/price-text.ts';
import type { RoleContext } from '../../src/kit/role.ts';
import type { Receipt, Sink } from '../../src/kit/sink.ts';
import { clockText } from './text.ts';
import { readTrade, type Trade } from './trade.ts';

interface PlainOptions {
  readonly name: string;
  readonly stream: Writable;
}

/**
 * The sink role without a screen: one line per trade, as it arrives. A write resolves when the stream has accepted it,
 * so a slow reader slows the topology down. Messages that can't be read are counted as `skipped_lines`.
 */
export class PlainSink implements Sink {
  readonly ordered = true;
  readonly #context: RoleContext;
  readonly #options: PlainOptions;

  constructor(context: RoleContext, options: PlainOptions) {
    this.#context = context;
    this.#options = options;
  }

  async connect(): Promise<void> {
    // The writer gets the error; without a listener the event would end the process.
    this.#options.stream.off('error', ignore).on('error', ignore);
  }

  /** @throws FDP_CLOSED, fatal, when the reader has closed its end */
  async write(messages: readonly Message[], signal: AbortSignal): Promise<Receipt> {
    const { clock, node } = this.#context;
    const trades = messages.flatMap(({ value }) => readTrade(value) ?? []);
    if (trades.length < messages.length) node.count('skipped_lines', messages.length - trades.length);
    const now = clock.now();
    const text = trades.map((trade) => `${tradeLine(trade, now)}\n`).join('');
    const written = new Promise<void>((resolve, reject) => {
      this.#options.stream.write(text, (error) => (error ? reject(this.#failure(error)) : resolve()));
    });
    await clock.outside(unlessAborted(signal, written, () => this.#givenUp()));
    return {};
  }

  async close(): Promise<void> {}

  #givenUp(): FdpError {
    return new FdpError('FDP_CLOSED', `${this.#options.name}: nobody has taken the lines in time`);
  }

  #failure(cause: Error): FdpError {
    const text = `${this.#options.name}: the reader of the output has closed it: ${errorText(cause)}`;
    return new FdpError('FDP_CLOSED', text, { fault: 'fatal', cause });
  }
}

/** `14:03:22.120  AAPL      196.38  VWAP 196.31  +3.6 bp` */
export function tradeLine(trade: Trade, now: number): string {
  const { symbol, price, vwap, time } = trade;
  const decimals = decimalsOf(price);
  const distance = vwapDistance(price, vwap);
  return [
    clockText(time ?? now, true),
    symbol.padEnd(8),
    priceText(price, decimals).padStart(10),
    `VWAP ${vwap === undefined ? '-' : priceText(vwap, decimals)}`,
    ...(distance === undefined ? [] : [basisPoints(distance)]),
  ].join('  ');
}

function ignore(): void {}
