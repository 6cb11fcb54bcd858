import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PriceLine } from '../../page/model/contract.ts';
import { distance, type Quotes, rateAt, symbolLines, withPrices } from '../../page/model/market.ts';

function line(symbol: string, price: number, given: Partial<PriceLine> = {}): PriceLine {
  return { symbol, price, vwap: price, time: '2026-01-02T03:04:05.678Z', trades: 1, ...given };
}

function after(...events: readonly (readonly PriceLine[])[]): Quotes {
  return events.reduce<Quotes>(
    (quotes, symbols, place) => withPrices(quotes, { at: place * 250, full: place === 0, symbols }),
    new Map(),
  );
}

describe('market', () => {
  it('knows where a price went when it last changed', () => {
    const directions = (...prices: readonly number[]) =>
      after(...prices.map((price) => [line('A', price)])).get('A')?.direction;
    expect(directions(1)).toBe(0);
    expect(directions(1, 2)).toBe(1);
    expect(directions(1, 2, 2)).toBe(1);
    expect(directions(1, 2, 1.5)).toBe(-1);
  });

  it('keeps symbols that an event does not name, unless it is a full one', () => {
    expect([...after([line('A', 1), line('B', 1)], [line('B', 2)]).keys()]).toEqual(['A', 'B']);
    const forgotten = withPrices(after([line('A', 1)]), { at: 1000, full: true, symbols: [line('C', 1)] });
    expect([...forgotten.keys()]).toEqual(['C']);
  });

  it('smooths trades per second towards what comes, and lets them fade when nothing comes', () => {
    const events = Array.from({ length: 120 }, () => [line('A', 1, { trades: 5 })]);
    const quote = after(...events).get('A');
    expect(quote && rateAt(quote, quote.heardAt)).toBeCloseTo(20, 1);
    expect(quote && rateAt(quote, quote.heardAt + 60_000)).toBe(0);
  });

  it('takes no rate from a full event: its trades are of a time that nobody knows', () => {
    expect(after([line('A', 1, { trades: 1e6 })]).get('A')?.rate).toBe(0);
    const again = withPrices(after([line('A', 1)]), { at: 250, full: true, symbols: [line('A', 1, { trades: 1e6 })] });
    expect(again.get('A')?.rate).toBe(0);
  });

  it('tells how far a price lies from the VWAP, where there is one', () => {
    const [quote] = after([line('A', 101, { vwap: 100 })]).values();
    expect(quote && distance(quote)).toBeCloseTo(0.01);
    const [without] = after([line('A', 101, { vwap: null })]).values();
    expect(without && distance(without)).toBeUndefined();
  });

  it('lists symbols that are stored, heard of, or both, by name', () => {
    const stored = ['B', 'C'].map((symbol) => ({ symbol, trade_count: 1, last_trade_at: null }));
    const lines = symbolLines(stored, after([line('B', 1), line('A', 1)]));
    expect(lines.map(({ symbol, stored: has, quote }) => [symbol, has !== undefined, quote !== undefined])).toEqual([
      ['A', false, true],
      ['B', true, true],
      ['C', true, false],
    ]);
  });

  it('never gives a rate below zero or above what came', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { minLength: 1, maxLength: 50 }), (counts) => {
        const quote = after(...counts.map((trades) => [line('A', 1, { trades })])).get('A');
        expect(quote?.rate).toBeGreaterThanOrEqual(0);
        expect(quote?.rate).toBeLessThanOrEqual(4 * Math.max(...counts) + 1e-6);
      }),
    );
  });
});
