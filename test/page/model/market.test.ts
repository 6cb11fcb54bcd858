import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PriceLine } from '../../../page/model/contract.ts';
import { distance, type Quotes, rateAt, symbolLines, withPrices } from '../../../page/model/market.ts';

function line(symbol: string, price: number, given: Partial<PriceLine> = {}): PriceLine {
  return { symbol, price, vwap: price, time: '2026-01-02T03:04:05.678Z', trades: 1, ...given };
}

function after(...events: readonly (readonly PriceLine[])[]): Quotes {
  return events.reduce<Quotes>(
    (quotes, symbols, index) => withPrices(quotes, { at: index * 250, full: index === 0, symbols }, 0),
    new Map(),
  );
}

describe('market', () => {
  it('keeps the direction of the last price change', () => {
    const directions = (...prices: readonly number[]) =>
      after(...prices.map((price) => [line('A', price)])).get('A')?.direction;
    expect(directions(1)).toBe(0);
    expect(directions(1, 2)).toBe(1);
    expect(directions(1, 2, 2)).toBe(1);
    expect(directions(1, 2, 1.5)).toBe(-1);
  });

  it('keeps symbols that an event does not contain, unless it is a full one', () => {
    expect([...after([line('A', 1), line('B', 1)], [line('B', 2)]).keys()]).toEqual(['A', 'B']);
    const forgotten = withPrices(after([line('A', 1)]), { at: 1000, full: true, symbols: [line('C', 1)] }, 0);
    expect([...forgotten.keys()]).toEqual(['C']);
  });

  it('keeps the 2000 symbols that were traded last, as the server does', () => {
    const others = Array.from({ length: 2500 }, (_, index) => [line(`S${index}`, 1), line('BUSY', 1)]);
    const names = [...after([line('BUSY', 1)], others.flat()).keys()];
    expect(names).toHaveLength(2000);
    expect(names).toContain('BUSY');
    expect(names).not.toContain('S500');
  });

  it('shows the true rate from the first one on, and lets it decay while nothing arrives', () => {
    const events = Array.from({ length: 120 }, () => [line('A', 1, { trades: 5 })]);
    for (const count of [5, 6, 9, 17, 120]) {
      const quote = after(...events.slice(0, count)).get('A');
      expect(quote && rateAt(quote, (count - 1) * 250)).toBeCloseTo(20, 6);
    }
    const early = after(...events.slice(0, 3)).get('A');
    expect(early && rateAt(early, 500)).toBeUndefined();
    const quote = after(...events).get('A');
    expect(quote && rateAt(quote, 120 * 250 + 60_000)).toBe(0);
    expect(quote && rateAt(quote, undefined)).toBeUndefined();
  });

  it('divides the first trades of a symbol by the time since the page began to listen', () => {
    const quotes = withPrices(after([]), { at: 10_000, full: false, symbols: [line('A', 1, { trades: 2 })] }, 0);
    const quote = quotes.get('A');
    expect(quote && rateAt(quote, 10_000)).toBeCloseTo(0.2);
  });

  it('computes no rate from a full event: its trades cover an unknown time', () => {
    const rate = (quotes: Quotes, at: number) => {
      const quote = quotes.get('A');
      return quote && rateAt(quote, at);
    };
    const full = { at: 250, full: true, symbols: [line('A', 1, { trades: 1e6 })] };
    expect(rate(after([line('A', 1, { trades: 1e6 })]), 500)).toBeUndefined();
    expect(rate(withPrices(after([line('A', 1)]), full, 0), 60_000)).toBe(0);
  });

  it('dates no trade later than its receipt, so that later ones are shown', () => {
    const [quote] = after([line('A', 1, { time: '2099-01-01T00:00:00.000Z' })]).values();
    expect(quote?.time).toBe(0);
  });

  it('shows the distance of a price from the VWAP, if there is one', () => {
    const [quote] = after([line('A', 101, { vwap: 100 })]).values();
    expect(quote && distance(quote)).toBeCloseTo(100);
    const [without] = after([line('A', 101, { vwap: null })]).values();
    expect(without && distance(without)).toBeUndefined();
  });

  it('lists symbols that are stored, received, or both, by name', () => {
    const stored = ['B', 'C'].map((symbol) => ({ symbol, trade_count: 1, last_trade_at: null }));
    const lines = symbolLines(stored, after([line('B', 1), line('A', 1)]));
    expect(lines.map(({ symbol, stored: has, quote }) => [symbol, has !== undefined, quote !== undefined])).toEqual([
      ['A', false, true],
      ['B', true, true],
      ['C', true, false],
    ]);
  });

  it('never gives a negative rate, or one above what arrived', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { minLength: 1, maxLength: 50 }), (counts) => {
        const quote = after([], ...counts.map((trades) => [line('A', 1, { trades })])).get('A');
        for (const at of [-1000, 0, 250 * counts.length, 250 * counts.length + 5000]) {
          const rate = quote && rateAt(quote, at);
          expect(rate ?? 0).toBeGreaterThanOrEqual(0);
          expect(rate ?? 0).toBeLessThanOrEqual(4 * Math.max(...counts) + 1e-6);
        }
      }),
    );
  });
});
