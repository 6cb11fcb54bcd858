import { errorText, isRetriable } from '../errors.ts';
import { Backoff } from './backoff.ts';
import type { Environment } from './environment.ts';
import type { Gap } from './gap.ts';
import { type GapSpan, gapMessage, gapOf } from './gap-message.ts';
import type { SourceMessage } from './message.ts';
import { RecencyMap } from './recency-map.ts';
import type { LogEnd } from './source.ts';

export interface FeedGapsOptions extends Pick<Environment, 'clock' | 'chance' | 'log'> {
  /** The times without a connection. */
  readonly away: Gap;
  /**
   * Each of them gets a gap message, with the symbol as its key. A list: those that are subscribed to. A function: those that
   * it finds in the values that came so far, the 10,000 seen last.
   */
  readonly symbols: readonly string[] | SymbolsOf;
}

/** The symbols that a value is about; none where a gap has no meaning. */
export type SymbolsOf = (value: unknown) => readonly string[];

/** Gap messages of one moment, on their way into the lane. */
export interface GapMark {
  readonly gaps: readonly SourceMessage[];
}

/** How often the end of a log is asked for. */
const mostTries = 5;
const mostSymbols = 10_000;
const stopped = 'stopped';
const notRunning = 'the process was not running';

/**
 * The gaps of a feed that can't give a message again, as messages of its lane: from the last moment up to which everything is
 * known to have come until the connection is back and everything is subscribed to. An ordered stop leaves a gap open; at the
 * next start it goes on, or begins where the log ends.
 */
export class FeedGaps {
  readonly #name: string;
  readonly #options: FeedGapsOptions;
  readonly #putMark: (mark: GapMark) => void;
  #wholeAt: number | undefined;
  #isOver = false;
  /** The gap that the log leaves open, or that begins at its end. */
  #before: GapSpan | undefined;
  #isBeforeOpen = false;
  /** The same once it is over: what the process before saw is known only as it comes. */
  #missedBefore: GapSpan | undefined;
  readonly #seen = new RecencyMap<true>(mostSymbols);
  /** The symbols that the feed does not give, while it gives others, and the gap of each, which is not over. */
  readonly #missing = new Map<string, GapSpan>();
  /** Those that a connection came back without. */
  #without: readonly string[] = [];

  constructor(name: string, options: FeedGapsOptions, put: (mark: GapMark) => void) {
    this.#name = name;
    this.#options = options;
    this.#putMark = put;
    options.away.onChanged((span) => {
      if (span.to !== undefined && this.#isBeforeOpen) {
        this.#isBeforeOpen = false;
        this.#missedBefore = span;
      }
      if (span.to === undefined) this.#endMissing();
      else for (const symbol of this.#without) this.#goesOn(symbol, span);
      this.#put(this.messages(span, this.#missing));
    });
  }

  /** What the lane gets of a span: a message for each symbol, but for these. */
  messages(span: GapSpan, but: ReadonlyMap<string, GapSpan> = new Map()): readonly SourceMessage[] {
    const { clock, symbols } = this.#options;
    const at = clock.now();
    const all = typeof symbols === 'function' ? [...this.#seen].map(([symbol]) => symbol) : symbols;
    return all.filter((symbol) => !but.has(symbol)).map((symbol) => gapMessage(span, symbol, at));
  }

  /** A message has come: everything sent before it has, and its symbols are now known. */
  came({ value }: SourceMessage): void {
    this.whole();
    const { symbols, clock } = this.#options;
    if (typeof symbols !== 'function') return;
    for (const symbol of symbols(value)) {
      const isNew = this.#seen.get(symbol) === undefined;
      this.#seen.use(symbol, true);
      if (isNew && this.#missedBefore) this.#put([gapMessage(this.#missedBefore, symbol, clock.now())]);
    }
  }

  /** Looks, before the first message, into the log that the messages go into: since when was the feed away? */
  async resume(into: readonly LogEnd[], signal: AbortSignal): Promise<void> {
    const last: SourceMessage[] = [];
    for (const sink of into) last.push(...(await this.#lastOf(sink, signal)));
    const { symbols } = this.#options;
    const own = last.filter(({ key }) => key !== null && typeof symbols !== 'function' && symbols.includes(key));
    const newest = (own.length > 0 ? own : last).toSorted((one, other) => other.timestamp - one.timestamp);
    const [first] = newest;
    if (!first) return;
    const open = newest.filter(({ timestamp }) => timestamp === first.timestamp).map(({ value }) => this.#open(value));
    for (const { key, value } of own) {
      const span = this.#open(value);
      // Of a symbol that was not subscribed to when the process before was killed.
      if (key !== null && span && !open.some((each) => each?.from === span.from)) this.#missing.set(key, span);
    }
    const from = Math.trunc(first.timestamp);
    this.#before = open.find((span) => span !== undefined) ?? { from, reason: notRunning, feed: this.#name };
  }

  /** The intake begins. */
  begin(): void {
    this.#isOver = false;
    if (!this.#before) return;
    const { from, reason } = this.#before;
    this.#before = undefined;
    this.#isBeforeOpen = true;
    this.#options.away.begin(reason, from);
  }

  /** Everything that was sent up to now has come. */
  whole(): void {
    if (!this.#isOver) this.#wholeAt = Math.trunc(this.#options.clock.now());
  }

  /** The connection is gone. */
  away(why: string): void {
    if (this.#wholeAt === undefined) return;
    this.#options.away.begin(why, this.#wholeAt);
  }

  /** The connection is there, and everything is subscribed to but these symbols, whose gaps go on. */
  back(without: readonly string[] = []): void {
    if (this.#isOver) return;
    this.whole();
    this.#without = without;
    this.#options.away.end();
    this.#without = [];
    for (const symbol of without) this.missing(symbol, 'not subscribed to');
  }

  /** The feed does not give a symbol, since `from` (Unix ms; left out: from now on). Does nothing if that is known. */
  missing(symbol: string, reason: string, from = this.#options.clock.now()): void {
    if (this.#isOver || this.#missing.has(symbol)) return;
    const span = { from: Math.trunc(from), reason, feed: this.#name };
    this.#missing.set(symbol, span);
    this.#put([gapMessage(span, symbol, this.#options.clock.now())]);
  }

  /** The feed gives a symbol again. */
  served(symbol: string): void {
    const span = this.#missing.get(symbol);
    if (!span || this.#isOver) return;
    this.#missing.delete(symbol);
    this.#put([this.#ended(symbol, span)]);
  }

  /** The intake ends: what comes from now on is missed. */
  end(): void {
    const { away } = this.#options;
    if (!away.isOpen && this.#wholeAt !== undefined) {
      this.#endMissing();
      this.#put(this.messages({ from: this.#wholeAt, reason: stopped, feed: this.#name }));
    }
    this.#wholeAt = undefined;
    this.#isOver = true;
    away.leave();
  }

  /** A gap of all symbols begins: there is one at a time, so that the next process finds it. */
  #endMissing(): void {
    this.#put([...this.#missing].map(([symbol, span]) => this.#ended(symbol, span)));
    this.#missing.clear();
  }

  /** The gap of all symbols is over, but for this one. */
  #goesOn(symbol: string, { from, reason, feed }: GapSpan): void {
    this.#missing.set(symbol, { from, reason, feed });
  }

  #ended(symbol: string, span: GapSpan): SourceMessage {
    const now = this.#options.clock.now();
    return gapMessage({ ...span, to: Math.max(span.from, Math.trunc(now)) }, symbol, now);
  }

  #put(gaps: readonly SourceMessage[]): void {
    if (gaps.length > 0) this.#putMark({ gaps });
  }

  /** The last records of a log; none of one that can't be read, which holds up nothing. */
  async #lastOf(sink: LogEnd, signal: AbortSignal): Promise<readonly SourceMessage[]> {
    const backoff = new Backoff(this.#options);
    for (let tries = 1; ; tries++)
      try {
        return (await sink.last?.(signal)) ?? [];
      } catch (error) {
        if (isRetriable(error) && tries < mostTries && !signal.aborted) {
          await backoff.wait(signal);
          continue;
        }
        const text = `${this.#name}: how long it was away is not known, and not counted as a gap: ${errorText(error)}`;
        if (!signal.aborted) this.#options.log.warn({}, text);
        return [];
      }
  }

  #open(value: unknown): GapSpan | undefined {
    try {
      const span = gapOf(value);
      return span && span.to === undefined && span.feed === this.#name ? span : undefined;
    } catch {
      return undefined;
    }
  }
}
