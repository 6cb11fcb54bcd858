import type { Clock } from './clock.ts';
import type { Logger } from './environment.ts';
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

  constructor(options: GapOptions) {
    this.#options = options;
  }

  /** Begins a gap now, or `agoMs` ago; does nothing while one is open. */
  begin(why: string, agoMs = 0): void {
    if (this.#open) return;
    const { clock, node } = this.#options;
    this.#open = { from: clock.now() - agoMs, since: clock.monotonic() - agoMs, why };
    node.count('gaps');
  }

  /** Ends the gap: messages arrive again, or the intake has ended. */
  end(): void {
    if (!this.#open) return;
    const { clock, node, log, name, what } = this.#options;
    const ms = Math.round(clock.monotonic() - this.#open.since);
    node.count('gap_ms', ms);
    const from = new Date(this.#open.from).toISOString();
    const to = new Date(this.#open.from + ms).toISOString();
    log.warn({ from, to, gap_ms: ms }, `${name}: ${what} from ${from} to ${to} may be missing: ${this.#open.why}`);
    this.#open = undefined;
  }
}
