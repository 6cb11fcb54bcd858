import type { Chance } from '../../kit/chance.ts';

/** What happens in a market for a while, ms since its start. */
export interface Incident {
  /** A symbol is halted, the feed is away, or the vendor's clock is wrong by `byMs`. */
  readonly kind: 'halt' | 'away' | 'skew';
  readonly fromMs: number;
  readonly toMs: number;
  readonly symbol?: string;
  readonly byMs?: number;
}

const hourMs = 3_600_000;

/** At least one of each kind; two an hour of `away`, one of the others. No two of a kind overlap. */
export function incidentsOf(
  chance: Chance,
  { lengthMs, symbols }: { readonly lengthMs: number; readonly symbols: readonly string[] },
): readonly Incident[] {
  const between = (from: number, to: number) => from + Math.floor(chance.next() * (to - from));
  const spread = (perHour: number, longestMs: number) => {
    const count = Math.max(1, Math.round((perHour * lengthMs) / hourMs));
    const part = lengthMs / count;
    return Array.from({ length: count }, (_, index) => {
      const forMs = Math.max(1, between(Math.min(longestMs, part / 2) / 10, Math.min(longestMs, part / 2)));
      const fromMs = between(index * part, (index + 1) * part - forMs);
      return { fromMs, toMs: fromMs + forMs };
    });
  };
  return [
    ...spread(1, 300_000).map((time) => ({
      ...{ kind: 'halt' as const, symbol: symbols[between(0, symbols.length)] as string },
      ...time,
    })),
    ...spread(2, 60_000).map((time) => ({ kind: 'away' as const, ...time })),
    ...spread(1, 120_000).map((time) => ({ kind: 'skew' as const, byMs: between(-5000, 3000), ...time })),
  ];
}
