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
}

/**
 * The periods in which messages were missed, whatever the reason: each is logged at its end, with start and end, and
 * counted as `gaps` and `gap_ms`. One at a time.
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

  /** Begins a gap now, or `agoMs` ago; does nothing while one is open. */
  begin(why: string, agoMs = 0): void {
    if (this.#open) return;
    const { clock, node, name } = this.#options;
    this.#open = { from: Math.round(clock.now() - agoMs), since: clock.monotonic() - agoMs, why };
    node.count('gaps');
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
    const { clock, node, log, name, what } = this.#options;
    const { from, since, why } = this.#open;
    const ms = Math.max(0, Math.round(clock.monotonic() - since));
    node.count('gap_ms', ms);
    const [begin, end] = [from, from + ms].map((at) => new Date(at).toISOString());
    log.warn({ from: begin, to: end, gap_ms: ms }, `${name}: ${what} from ${begin} to ${end} may be missing: ${why}`);
    this.#open = undefined;
    return { from, to: from + ms, reason: why, feed: name };
  }
}
