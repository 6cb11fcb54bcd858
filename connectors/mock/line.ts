import type { Clock } from '../../src/kit/clock.ts';
import type { Environment } from '../../src/kit/environment.ts';
import { FeedGaps } from '../../src/kit/feed-gaps.ts';
import { Gap } from '../../src/kit/gap.ts';
import type { SourceMessage } from '../../src/kit/message.ts';
import type { NodeStats } from '../../src/kit/node-stats.ts';
import type { LogEnd } from '../../src/kit/source.ts';
import type { Absences } from './absences.ts';
import type { MarketFrame } from './market.ts';
import { MarketClock } from './market-clock.ts';

export interface LineOptions extends Pick<Environment, 'clock' | 'chance' | 'log'> {
  readonly node: NodeStats;
  /** The connector's, and that of the feed in its gaps. */
  readonly name: string;
  readonly symbols: readonly string[];
  readonly absences: Absences;
  /** True where event time is the clock's: the time in which no process runs is a gap, too. */
  readonly isLive: boolean;
}

const simulated = 'simulated by the option `away`';

/**
 * The line over which a market is received. It is away in its absences, which the lane gets as gap messages, in the market's
 * time, as a feed with a connection has them.
 */
export class Line {
  readonly #options: LineOptions;
  readonly #clock: Clock;
  readonly #market: MarketClock;
  readonly #away: Gap;
  readonly #gaps: FeedGaps;
  #isAway = false;
  #startMs = 0;
  #openedAt = 0;
  #messages: SourceMessage[] = [];

  constructor(options: LineOptions) {
    const { clock, chance, log, node, name, symbols } = options;
    this.#options = options;
    this.#clock = clock;
    this.#market = new MarketClock(clock, clock.now());
    this.#away = new Gap({ clock: this.#market, log, node, name, what: 'trades' });
    this.#gaps = new FeedGaps(name, { clock: this.#market, chance, log, away: this.#away, symbols }, ({ gaps }) =>
      this.#messages.push(...gaps),
    );
  }

  get isAway(): boolean {
    return this.#isAway;
  }

  /** When the line is lost, or is back, ms since the start of the market. */
  get changesAtMs(): number {
    const { fromMs, toMs } = this.#options.absences.next;
    return this.#isAway ? toMs : fromMs;
  }

  async resume(into: readonly LogEnd[], signal: AbortSignal): Promise<void> {
    if (this.#options.isLive) await this.#gaps.resume(into, signal);
  }

  /** The market opens, at this event time (Unix ms). */
  open(startMs: number): void {
    this.#startMs = Math.trunc(startMs);
    this.#openedAt = this.#clock.now();
    this.#market.set(this.#startMs);
    this.#gaps.begin();
    this.#gaps.back();
  }

  /** The line is lost, or is back, at `changesAtMs`. */
  change(): void {
    const { node, absences } = this.#options;
    if (this.#isAway) {
      this.#market.set(this.#startMs + absences.next.toMs);
      this.#gaps.back();
      absences.pass();
      node.is('ok');
    } else {
      this.#gaps.away(simulated);
      node.is('retrying', simulated, this.#openedAt + absences.next.toMs);
    }
    this.#isAway = !this.#isAway;
  }

  /** A frame of the market: it has come, or is missed while the line is away. */
  frame({ trades, dueMs }: MarketFrame): void {
    const at = this.#isAway ? this.#startMs + dueMs : (trades.at(-1)?.t ?? 0);
    this.#market.set(Math.max(this.#market.now(), Math.trunc(at)));
    if (!this.#isAway) this.#gaps.whole();
  }

  /** Nothing is received any more. */
  end(): void {
    if (this.#options.isLive) this.#gaps.end();
    else this.#away.leave();
  }

  /** The gap messages since the last call, dated by when they are given. */
  take(): readonly SourceMessage[] {
    const timestamp = this.#clock.now();
    return this.#messages.splice(0).map((message) => ({ ...message, timestamp }));
  }
}
