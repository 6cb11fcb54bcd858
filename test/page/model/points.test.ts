import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RollingVwap } from '../../../operators/support/rolling-vwap.ts';
import { maxPoints, merged, type Point, pointMs, pointsOfTrades, withPoint } from '../../../page/model/points.ts';

const arbitraryPoint = fc.record({
  time: fc.nat(400).map((slot) => slot * pointMs),
  price: fc.float({ min: 1, max: 10, noNaN: true }),
  vwap: fc.constant(undefined),
});

function isRising(points: readonly Point[]): boolean {
  return points.every(({ time }, index) => index === 0 || time > (points[index - 1]?.time ?? 0));
}

const stored = { window: undefined, isWhole: false, now: Date.UTC(2026, 0, 2) };

describe('chart points', () => {
  it('takes the last price of each quarter of a second from a page of trades, oldest first', () => {
    const trade = (timestamp: string, price: string) => ({ timestamp, price, volume: '1' });
    const points = pointsOfTrades(
      [
        trade('2026-01-01T00:00:01.100Z', '4'),
        trade('2026-01-01T00:00:00.240Z', '3'),
        trade('2026-01-01T00:00:00.100Z', '2'),
        trade('2025-12-31T23:59:59.999Z', '1'),
      ],
      stored,
    );
    expect(points.map(({ price }) => price)).toEqual([1, 3, 4]);
    expect(isRising(points)).toBe(true);
  });

  it('leaves out trades dated in the future: nothing would come after them', () => {
    const trade = (timestamp: string) => ({ timestamp, price: '1', volume: '1' });
    const points = pointsOfTrades([trade('2099-01-01T00:00:00.000Z'), trade('2026-01-01T00:00:00.000Z')], stored);
    expect(points.map(({ time }) => time)).toEqual([Date.UTC(2026, 0, 1)]);
    const live = { time: Date.UTC(2026, 0, 1, 1), price: 2, vwap: 2 };
    expect(withPoint(points, live)).toHaveLength(2);
  });

  it('gives stored trades the VWAP of the feed, as far as its window reaches', () => {
    const trades = fc.array(fc.tuple(fc.integer({ min: 1, max: 1000 }), fc.nat(50)), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(trades, fc.integer({ min: 1, max: 10 }), fc.boolean(), (given, window, isWhole) => {
        const feed = new RollingVwap(window);
        const expected = given.map(([price, volume], index) => {
          const vwap = feed.add(price, volume) ?? undefined;
          return isWhole || index + 1 >= window ? vwap : undefined;
        });
        const rows = given.map(([price, volume], index) => ({
          timestamp: new Date(index * pointMs).toISOString(),
          price: String(price),
          volume: String(volume),
        }));
        const points = pointsOfTrades(rows.reverse(), { window, isWhole, now: stored.now });
        for (const [index, { vwap }] of points.entries()) {
          const wanted = expected[index];
          if (wanted === undefined) expect(vwap).toBeUndefined();
          else expect(vwap).toBeCloseTo(wanted, 6);
        }
      }),
    );
  });

  it('puts live prices after the stored ones, and keeps the live one where there are both', () => {
    const history = [0, 250, 500].map((time) => ({ time, price: 1, vwap: undefined }));
    const live = [500, 750].map((time) => ({ time, price: 2, vwap: 3 }));
    expect(merged(history, live).map(({ price, vwap }) => [price, vwap])).toEqual([
      [1, undefined],
      [1, undefined],
      [2, 3],
      [2, 3],
    ]);
  });

  it('is always in order of time, without duplicates, and never longer than its limit', () => {
    fc.assert(
      fc.property(
        fc.array(arbitraryPoint, { maxLength: 100 }),
        fc.array(arbitraryPoint, { maxLength: 100 }),
        (stored, live) => {
          const points = live.reduce<readonly Point[]>(withPoint, merged(stored, []));
          expect(isRising(points)).toBe(true);
          expect(isRising(merged(stored, live))).toBe(true);
        },
      ),
    );
    const many = Array.from({ length: 2 * maxPoints }, (_unused, slot) => ({
      time: slot * pointMs,
      price: 1,
      vwap: 1,
    }));
    expect(many.reduce<readonly Point[]>(withPoint, [])).toEqual(many.slice(-maxPoints));
    expect(merged(many, [])).toHaveLength(maxPoints);
  });

  it('leaves out late points', () => {
    const point = { time: 500, price: 1, vwap: undefined };
    expect(withPoint([point], { ...point, time: 250 })).toEqual([point]);
  });
});
