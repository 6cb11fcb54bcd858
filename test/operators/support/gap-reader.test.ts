import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readGaps } from '../../../operators/support/gap-reader.ts';
import type { Query } from '../../../src/kit/lookup.ts';
import type { Row } from '../../../src/kit/row.ts';

const never = new AbortController().signal;
const now = 100;

/** A table that answers as stores do: rows that end at or after the bound. */
const tableOf = (rows: readonly Row[]) => ({
  find: async ({ ranges = [] }: Query) => rows.filter(({ to }) => Number(to) >= Number(ranges[0]?.from)),
});

const time = fc.nat(120);
const span = fc.tuple(time, time).map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) }));
const gap = fc.record({ span, state: fc.constantFrom('open', 'closed', 'filled') });

describe('how long a feed was away', () => {
  it('is the number of moments of a span that lie within any gap, whatever the gaps', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(span, { maxLength: 8 }), fc.array(gap, { maxLength: 8 }), async (spans, gaps) => {
        const rows = gaps.map((each) => ({
          ...{ from: each.span.start, state: each.state },
          to: each.state === 'open' ? 253_402_300_799_999 : each.span.end,
        }));
        const isMissing = (ms: number) =>
          rows.some(({ from, to, state }) => state !== 'filled' && from <= ms && ms < Math.min(to, now));
        const expected = spans.map(({ start, end }) => {
          const moments = Array.from({ length: end - start }, (_, ms) => start + ms);
          return moments.filter(isMissing).length;
        });
        const from = Math.min(0, ...spans.map(({ start }) => start));
        const away = await readGaps(tableOf(rows), { symbol: 'A', from, now }, never);
        expect(spans.map(away)).toEqual(expected);
      }),
    );
  });

  it('counts up to now in a gap that is not over, and nothing in one that was filled', async () => {
    const open = { from: 10, to: 253_402_300_799_999, state: 'open' };
    const filled = { from: 0, to: 50, state: 'filled' };
    const spans = [
      { start: 0, end: 20 },
      { start: 90, end: 110 },
    ];
    const away = await readGaps(tableOf([open, filled]), { symbol: 'A', from: 0, now }, never);
    expect(spans.map(away)).toEqual([10, 10]);
  });

  it('refuses more gaps than can be read', async () => {
    const many = { find: async ({ limit }: Query) => Array.from({ length: limit }, () => ({ from: 0, to: 1 })) };
    const asked = readGaps(many, { symbol: 'A', from: 0, now }, never);
    await expect(asked).rejects.toMatchObject({ code: 'FDP_RESULT_TOO_LARGE' });
  });
});
