/** A part of a day in which a market is open, or closed; Unix ms. */
export interface MarketSession {
  readonly kind: 'pre' | 'regular' | 'post' | 'closed';
  readonly start: number;
  readonly end: number;
}

interface ActivityOptions {
  readonly tradesPerSecond: number;
  readonly startMs: number;
  readonly lengthMs: number;
  sessionAt(time: number): MarketSession;
}

const secondMs = 1000;
/** Trading before and after the regular session, in comparison with it. */
const extended = 0.05;
/** How busy the first and the last twentieth of a session is, in comparison with the rest. */
const [opening, closing] = [3, 2.5];
const edge = 0.05;

/** How busy a market is at a time: trades fall due by it. On average over the open time it is the rate that was asked for. */
export class Activity {
  readonly #lengthMs: number;
  /** Trades of each second. */
  readonly #perSecond: Float64Array;

  constructor(options: ActivityOptions) {
    const { tradesPerSecond, lengthMs } = options;
    this.#lengthMs = lengthMs;
    const weights = Float64Array.from({ length: Math.ceil(lengthMs / secondMs) }, (_, second) =>
      weightAt(second * secondMs, options),
    );
    const open = weights.filter((weight) => weight > 0).length;
    const sum = weights.reduce((total, weight) => total + weight, 0);
    const scale = sum === 0 ? 0 : (tradesPerSecond * open) / sum;
    this.#perSecond = weights.map((weight) => weight * scale);
  }

  /** When so many trades more have become due, ms; undefined: not before the end. */
  after(atMs: number, trades: number): number | undefined {
    let [at, left] = [atMs, trades];
    while (at < this.#lengthMs) {
      const rate = (this.#perSecond[Math.floor(at / secondMs)] ?? 0) / secondMs;
      const next = Math.min(this.#lengthMs, (Math.floor(at / secondMs) + 1) * secondMs);
      if (rate > 0 && left <= rate * (next - at))
        return at + left / rate < this.#lengthMs ? at + left / rate : undefined;
      left -= rate * (next - at);
      at = next;
    }
    return undefined;
  }
}

/** Of a session that is longer than the run only what is within it counts. */
function weightAt(atMs: number, { startMs, lengthMs, sessionAt }: ActivityOptions): number {
  const { kind, start, end } = sessionAt(startMs + atMs);
  if (kind === 'closed') return 0;
  if (kind !== 'regular') return extended;
  const [from, to] = [Math.max(start - startMs, 0), Math.min(end - startMs, lengthMs)];
  const part = (atMs - from) / Math.max(1, to - from);
  return part < edge ? opening : part > 1 - edge ? closing : 1;
}
