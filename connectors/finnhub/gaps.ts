import type { Clock } from '../../src/kit/clock.ts';
import type { Logger } from '../../src/kit/environment.ts';
import type { NodeStats } from '../../src/kit/node-stats.ts';

interface Open {
  /** Wall clock and monotonic, ms. */
  readonly from: number;
  readonly since: number;
  readonly why: string;
}

/**
 * The times in which trades were missed, whatever the reason: one line from when to when at the end of each, counted
 * as `gaps` and `gap_ms`. One at a time.
 */
export class Gap {
  readonly #parts: { readonly clock: Clock; readonly log: Logger; readonly node: NodeStats; readonly name: string };
  #open: Open | undefined;

  constructor(parts: { readonly clock: Clock; readonly log: Logger; readonly node: NodeStats; readonly name: string }) {
    this.#parts = parts;
  }

  /** From now, or from `agoMs` ago, trades are missed; nothing new while a gap is open. */
  begin(why: string, agoMs = 0): void {
    if (this.#open) return;
    const { clock, node } = this.#parts;
    this.#open = { from: clock.now() - agoMs, since: clock.monotonic() - agoMs, why };
    node.count('gaps');
  }

  /** Trades come again, or nobody waits for them any more. */
  end(): void {
    if (!this.#open) return;
    const { clock, node, log, name } = this.#parts;
    const ms = Math.round(clock.monotonic() - this.#open.since);
    node.count('gap_ms', ms);
    const from = new Date(this.#open.from).toISOString();
    const to = new Date(this.#open.from + ms).toISOString();
    log.warn({ from, to, gap_ms: ms }, `${name}: trades from ${from} to ${to} may be missing: ${this.#open.why}`);
    this.#open = undefined;
  }
}
