import type { Faker } from '@faker-js/faker';
import { Observable } from 'rxjs';
import { type Clock, linkedAbort } from '../../src/kit/clock.ts';
import type { SourceMessage } from '../../src/kit/message.ts';
import type { NodeStats } from '../../src/kit/node-stats.ts';
import type { Lane, Reading, Source } from '../../src/kit/source.ts';
import { Market, type MarketFrame } from './market.ts';

export interface MockOptions {
  readonly clock: Clock;
  readonly node: NodeStats;
  /** Id of the one lane. */
  readonly lane: string;
  readonly faker: Faker;
  readonly symbols: readonly string[];
  /** Infinity: as fast as it is read. */
  readonly tradesPerSecond: number;
  /** Trades until the end; Infinity for none. */
  readonly limit: number;
  /** Event time of the opening; undefined: the clock's when the lanes are subscribed to. */
  readonly startMs: number | undefined;
}

/** The most frames of one reading, also when the market has to catch up. */
const framesAReading = 100;
/** Frames that fall due within this time share a reading: shorter waits make more readings, not more trades. */
const shortestWaitMs = 10;
/** Event time without a rate. */
const unpacedPerSecond = 1000;
/** Roughly what a trade takes as JSON. */
const bytesATrade = 72;

/** The source role of `mock`: one lane, driven by its reader; nothing runs between two readings. */
export function mockSource(options: MockOptions): Source {
  let closed = new AbortController();
  return {
    replayable: false,
    connect: async () => {},
    lanes: new Observable<Lane>((subscriber) => {
      const stop = new AbortController();
      closed = stop;
      options.node.is('ok');
      subscriber.next(marketLane(options, stop.signal, () => subscriber.complete()));
      return () => stop.abort();
    }),
    close: async () => closed.abort(),
  };
}

function marketLane(options: MockOptions, stop: AbortSignal, ended: () => void): Lane {
  const pace = new Pace(options);
  let done = false;
  return {
    id: options.lane,
    signal: new AbortController().signal,
    async read(signal) {
      if (done) return undefined;
      const either = linkedAbort(signal, stop);
      const frames = await pace.due(either.controller.signal);
      either.release();
      if (frames.length > 0) return readingOf(frames, options.lane, options.clock.now());
      done = true;
      if (pace.isOver) ended();
      return undefined;
    },
  };
}

/** Returns the frames of a market when they are due, by the monotonic clock: no drift, and delays are caught up. */
class Pace {
  readonly #options: MockOptions;
  readonly #market: Market;
  readonly #openedAt: number;
  #next: MarketFrame | undefined;
  #left: number;

  constructor(options: MockOptions) {
    const { faker, symbols, tradesPerSecond, startMs, clock } = options;
    this.#options = options;
    this.#left = options.limit;
    this.#openedAt = clock.monotonic();
    this.#market = new Market(faker, {
      symbols,
      startMs: startMs ?? clock.now(),
      tradesPerSecond: Number.isFinite(tradesPerSecond) ? tradesPerSecond : unpacedPerSecond,
    });
  }

  get isOver(): boolean {
    return this.#left === 0;
  }

  /** The next frames, waiting for the first; none at the end of the market or when `stop` aborts. */
  async due(stop: AbortSignal): Promise<MarketFrame[]> {
    const { clock, tradesPerSecond } = this.#options;
    const isPaced = Number.isFinite(tradesPerSecond);
    if (!isPaced) await clock.turn();
    while (!stop.aborted && this.#left > 0) {
      const elapsed = isPaced ? clock.monotonic() - this.#openedAt : Number.POSITIVE_INFINITY;
      const frames = this.#until(elapsed);
      if (frames.length > 0) return frames;
      await clock.sleep(Math.max(shortestWaitMs, this.#peek().dueMs - elapsed), stop);
    }
    return [];
  }

  #until(elapsed: number): MarketFrame[] {
    const frames: MarketFrame[] = [];
    while (frames.length < framesAReading && this.#left > 0 && this.#peek().dueMs <= elapsed) {
      const frame = this.#peek();
      this.#next = undefined;
      const trades = frame.trades.slice(0, this.#left);
      this.#left -= trades.length;
      frames.push({ ...frame, trades });
    }
    return frames;
  }

  #peek(): MarketFrame {
    this.#next ??= this.#market.next();
    return this.#next;
  }
}

function readingOf(frames: readonly MarketFrame[], lane: string, timestamp: number): Reading {
  const meta = { lane };
  let trades = 0;
  const messages = frames.map((frame): SourceMessage => {
    trades += frame.trades.length;
    return { key: null, value: { type: 'trade', data: frame.trades }, timestamp, meta };
  });
  return { messages, bytes: trades * bytesATrade };
}
