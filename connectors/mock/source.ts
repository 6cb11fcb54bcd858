import type { Faker } from '@faker-js/faker';
import { Observable } from 'rxjs';
import { type Clock, linkedAbort } from '../../src/kit/clock.ts';
import type { SourceMessage } from '../../src/kit/message.ts';
import type { NodeStats } from '../../src/kit/node-stats.ts';
import type { Lane, Source } from '../../src/kit/source.ts';
import type { Line } from './line.ts';
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
  /** Trades until the end, with those that the line misses; Infinity for none. */
  readonly limit: number;
  /** Event time of the opening; undefined: the clock's when the lanes are subscribed to. */
  readonly startMs: number | undefined;
  /** Of a market whose feed is away now and then. */
  readonly line: Line | undefined;
}

/** The most messages of one reading, also when the market has to catch up. */
const framesAReading = 100;
/** Frames that are looked at in one turn of the event loop, at most: of those that are missed nothing is given. */
const framesATurn = 1000;
/** Frames that fall due within this time share a reading: shorter waits make more readings, not more trades. */
const shortestWaitMs = 10;
/** Event time without a rate. */
const unpacedPerSecond = 1000;
/** Roughly what a trade, and a gap message, takes as JSON. */
const bytesATrade = 72;
const bytesAGap = 160;

/** The source role of `mock`: one lane, driven by its reader; nothing runs between two readings. */
export function mockSource(options: MockOptions): Source {
  const { line } = options;
  let closed = new AbortController();
  return {
    replayable: false,
    connect: async () => {},
    ...(line && { resume: (into, signal) => line.resume(into, signal) }),
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
  const { line } = options;
  let done = false;
  return {
    id: options.lane,
    signal: new AbortController().signal,
    async read(signal) {
      if (done) return undefined;
      const either = linkedAbort(signal, stop);
      const due = await pace.due(either.controller.signal);
      either.release();
      if (due.messages.length > 0) return due;
      done = true;
      if (pace.isOver) ended();
      line?.end();
      const messages = line?.take() ?? [];
      return messages.length > 0 ? { messages, bytes: messages.length * bytesAGap } : undefined;
    },
  };
}

interface Due {
  readonly messages: readonly SourceMessage[];
  readonly bytes: number;
}

/** Gives the messages of a market when they are due, by the monotonic clock: no drift, and delays are caught up. */
class Pace {
  readonly #options: MockOptions;
  readonly #market: Market;
  readonly #openedAt: number;
  #next: MarketFrame | undefined;
  #left: number;

  constructor(options: MockOptions) {
    const { faker, symbols, tradesPerSecond, clock, line } = options;
    this.#options = options;
    this.#left = options.limit;
    this.#openedAt = clock.monotonic();
    const startMs = options.startMs ?? clock.now();
    this.#market = new Market(faker, {
      ...{ symbols, startMs },
      tradesPerSecond: Number.isFinite(tradesPerSecond) ? tradesPerSecond : unpacedPerSecond,
    });
    line?.open(startMs);
  }

  get isOver(): boolean {
    return this.#left === 0;
  }

  /** The next messages, waiting for the first; none at the end of the market or when `stop` aborts. */
  async due(stop: AbortSignal): Promise<Due> {
    const { clock, tradesPerSecond } = this.#options;
    const isPaced = Number.isFinite(tradesPerSecond);
    if (!isPaced) await clock.turn();
    while (!stop.aborted && this.#left > 0) {
      const elapsed = isPaced ? clock.monotonic() - this.#openedAt : Number.POSITIVE_INFINITY;
      const due = this.#until(elapsed);
      if (due.messages.length > 0) return due;
      if (isPaced) await clock.sleep(Math.max(shortestWaitMs, this.#nextMs() - elapsed), stop);
      else await clock.turn();
    }
    return { messages: [], bytes: 0 };
  }

  #until(elapsed: number): Due {
    const { line, lane, clock } = this.#options;
    const timestamp = clock.now();
    const messages = [...(line?.take() ?? [])];
    let bytes = messages.length * bytesAGap;
    for (let turn = 0; turn < framesATurn && messages.length < framesAReading; turn++) {
      if (this.#left === 0 || this.#nextMs() > elapsed) break;
      if (line && line.changesAtMs <= this.#peek().dueMs) {
        line.change();
        const gaps = line.take();
        messages.push(...gaps);
        bytes += gaps.length * bytesAGap;
        continue;
      }
      const frame = this.#takeFrame();
      line?.frame(frame);
      if (line?.isAway) continue;
      bytes += frame.trades.length * bytesATrade;
      messages.push({ key: null, value: { type: 'trade', data: frame.trades }, timestamp, meta: { lane } });
    }
    return { messages, bytes };
  }

  /** When something happens next, ms since the start. */
  #nextMs(): number {
    return Math.min(this.#peek().dueMs, this.#options.line?.changesAtMs ?? Number.POSITIVE_INFINITY);
  }

  #takeFrame(): MarketFrame {
    const frame = this.#peek();
    this.#next = undefined;
    const trades = frame.trades.slice(0, this.#left);
    this.#left -= trades.length;
    return { ...frame, trades };
  }

  #peek(): MarketFrame {
    this.#next ??= this.#market.next();
    return this.#next;
  }
}
