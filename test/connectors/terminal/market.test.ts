import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keptTrades, Market } from '../../../connectors/terminal/market.ts';
import { readTrade } from '../../../connectors/terminal/trade.ts';
import { marketOf } from '../../support/cli/dashboard.ts';

const trade = (symbol: string, price: number, vwap?: number) => ({
  ...{ symbol, feedSymbol: symbol, price, vwap },
  time: undefined,
});

describe('the market of the dashboard', () => {
  it('keeps the symbols that traded last, and counts those that it evicted', () => {
    const market = new Market(3);
    for (const symbol of ['A', 'B', 'C', 'A', 'D', 'E']) market.take(trade(symbol, 1), 0);
    expect(market.quotes().map(({ symbol }) => symbol)).toEqual(['A', 'D', 'E']);
    expect(market.evicted).toBe(3 - 1);
  });

  it('keeps the last direction while the price does not change', () => {
    const directions = [10, 10, 11, 11, 9, 9].map((price, index, prices) => {
      const market = new Market(1);
      for (const each of prices.slice(0, index + 1)) market.take(trade('A', each), 0);
      return [price, market.get('A')?.direction];
    });
    expect(directions.map(([, direction]) => direction)).toEqual([0, 0, 1, 1, -1, -1]);
  });

  it('counts trades per second over the last ten seconds', () => {
    const market = new Market(5);
    for (let second = 0; second < 25; second++) {
      for (let count = 0; count < (second < 20 ? 4 : 0); count++)
        market.take(trade(count % 2 ? 'A' : 'B', 1), second * 1000);
      market.tick(second * 1000 + 1000);
    }
    expect(market.rate).toBe(2);
    expect(market.quoteRate(market.get('A') ?? expect.fail())).toBe(1);
  });

  it('divides by the observed time, wherever in a second it was opened', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 49 }), fc.integer({ min: 0, max: 12 }), (silent, seconds) => {
        const market = new Market(5);
        market.tick(0);
        // 50 trades per second; the first one is somewhere within the first second.
        for (let count = silent; count < (seconds + 1) * 50; count++) {
          market.take(trade('A', 1), count * 20);
          if (count % 50 === 49) market.tick((count + 1) * 20);
        }
        const rates = [market.rate, market.quoteRate(market.get('A') ?? expect.fail())];
        for (const rate of rates)
          if (seconds === 0 && silent > 0) expect(rate).toBeUndefined();
          else expect(rate).toBeCloseTo(50);
      }),
    );
  });

  it('does not compute a rate from the first second of a symbol', () => {
    const market = new Market(5);
    market.take(trade('A', 1), 0);
    for (let second = 1; second <= 20; second++) {
      if (second === 20) market.take(trade('B', 1), 19_900);
      market.tick(second * 1000);
    }
    expect(market.quoteRate(market.get('B') ?? expect.fail())).toBeCloseTo(0.1);
  });

  it('gives the last trades of some symbols, newest first', () => {
    const market = marketOf(...Array.from({ length: 60 }, (_, index) => [index % 20 ? 'A' : 'B', index] as const));
    const prices = (symbols: string) =>
      market.lastOf(market.quotes().filter(({ symbol }) => symbols.includes(symbol))).map(({ price }) => price);
    expect(prices('B')).toEqual([40, 20, 0]);
    expect(prices('AB').slice(0, 3)).toEqual([59, 58, 57]);
    expect(prices('')).toEqual([]);
  });

  it('stays within its limits, whatever arrives', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(50), fc.double({ noNaN: true, noDefaultInfinity: true }))), (trades) => {
        const market = new Market(7);
        for (const [symbol, price] of trades) {
          market.take(trade(String(symbol), price), 0);
          market.tick(1000);
        }
        expect(market.size).toBeLessThanOrEqual(7);
        expect(market.size + market.evicted).toBeGreaterThanOrEqual(new Set(trades.map(([symbol]) => symbol)).size);
        expect(market.last.length).toBeLessThanOrEqual(keptTrades);
        for (const quote of market.quotes()) expect(quote.last.length).toBeLessThanOrEqual(keptTrades);
      }),
    );
  });

  it('remembers ten minutes of each symbol', () => {
    const market = marketOf(...Array.from({ length: 700 }, (_, second) => ['A', second] as const));
    const { prices } = market.get('A') ?? expect.fail();
    expect(prices.length).toBe(600);
    expect([prices.back(0), prices.back(599), prices.back(600)]).toEqual([699, 100, undefined]);
  });
});

describe('a line of the feed', () => {
  it.each([
    [
      { symbol: 'A', price: 1, vwap: 2, time: 1_763_645_598_585 },
      { vwap: 2, time: 1_763_645_598_585 },
    ],
    [
      { symbol: 'A', price: 1, vwap: null, time: 1_763_645_598 },
      { vwap: undefined, time: 1_763_645_598_000 },
    ],
    [
      { symbol: 'A', price: '1', vwap: '2.5', time: '2025-11-20T13:33:18.585Z' },
      { vwap: 2.5, time: 1_763_645_598_585 },
    ],
    [
      { symbol: 'A', price: 1, vwap: 'x', time: 'soon', more: [] },
      { vwap: undefined, time: undefined },
    ],
    [
      { symbol: 'A', price: 1, time: 1e300 },
      { vwap: undefined, time: undefined },
    ],
  ])('is read: %j', (line, read) => {
    expect(readTrade(line)).toEqual({ symbol: 'A', feedSymbol: 'A', price: 1, ...read });
  });

  it.each([
    [null],
    [1],
    ['A'],
    [[]],
    [{}],
    [{ symbol: 'A' }],
    [{ symbol: 7, price: 1 }],
    [{ symbol: ' ', price: 1 }],
    [{ symbol: 'A', price: 'x' }],
    [{ symbol: 'A', price: '' }],
    [{ symbol: 'A', price: null }],
  ])('is skipped: %j', (line) => {
    expect(readTrade(line)).toBeUndefined();
  });

  it('never gives a symbol with control characters, or a long one', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string({ unit: 'binary' }), (value, symbol) => {
        readTrade(value);
        const read = readTrade({ symbol, price: 1 });
        if (read) expect(read.symbol).toMatch(/^[^\p{Cc}\p{Cf}\p{M}\p{Cs}]{1,40}$/u);
      }),
    );
  });
});
