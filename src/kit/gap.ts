import type { Clock } from './clock.ts';
import type { Logger } from './environment.ts';
import type { GapSpan } from './gap-message.ts';
import type { NodeStats } from './node-stats.ts';

export interface GapOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly node: NodeStats;
  /** The connector's. */
  readonly name: string;
  /** What is missed, as log lines name it: `trades`. */
  readonly what: string;
}

interface Open {
  /** Wall clock and monotonic, ms. */
  readonly from: number;
  readonly since: number;
  readonly why: string;
  /** How much of it `gap_ms` has already, ms. */
  counted: number;
  /** Ends the counting at every snapshot. */
  readonly forget: () => void;
}

/**
 * The periods in which messages were missed, whatever the reason: each is logged at its end, with
 * start and end. Counted as `gaps`, `gap_ms`, which grows while one is open, and the gauge
 * `open_gaps`. One at a time.
 */
export class Gap {
  readonly #options: GapOptions;
  #open: Open | undefined;
  #changed: (span: GapSpan) => void = () => {};

  constructor(options: GapOptions) {
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /** Calls `fn` when a gap begins, and when it ends. */
  onChanged(fn: (span: GapSpan) => void): void {
    this.#changed = fn;
  }

  /**
   * Begins a gap now, or at a time before (Unix ms), which it keeps to the millisecond; does
   * nothing while one is open.
   */
  begin(why: string, from = this.#options.clock.now()): void {
    if (this.#open) return;
    const { clock, node, name } = this.#options;
    const forget = node.onSnapshot(() => void this.#count());
    const now = clock.now();
    const start = Math.trunc(Math.min(from, now));
    this.#open = {
      from: start,
      since: clock.monotonic() - (now - start),
      ...{ why, counted: 0, forget },
    };
    node.count('gaps');
    node.gauge('open_gaps', (node.extra['open_gaps'] ?? 0) + 1);
    this.#changed({ from: this.#open.from, reason: why, feed: name });
  }

  /** Ends the gap: messages arrive again. */
  end(): void {
    const span = this.#finish();
    if (span) this.#changed(span);
  }

  /** Nobody waits for messages any more: counted and logged up to now, but not over. */
  leave(): void {
    this.#finish();
  }

  #finish(): GapSpan | undefined {
    if (!this.#open) return undefined;
    const { node, log, name, what } = this.#options;
    const { from, why, forget } = this.#open;
    forget();
    const ms = this.#count();
    node.gauge('open_gaps', (node.extra['open_gaps'] ?? 1) - 1);
    const [begin, end] = [from, from + ms].map((at) => new Date(at).toISOString());
    log.warn({ from: begin, to: end, gap_ms: ms }, `${name}: ${what} from ${begin} to ${end} may be missing: ${why}`);
    this.#open = undefined;
    return { from, to: from + ms, reason: why, feed: name };
  }

  /** Counts the open gap up to now, and gives its length, ms. */
  #count(): number {
    const open = this.#open;
    if (!open) return 0;
    const ms = Math.max(open.counted, Math.round(this.#options.clock.monotonic() - open.since));
    this.#options.node.count('gap_ms', ms - open.counted);
    open.counted = ms;
    return ms;
  }
}
