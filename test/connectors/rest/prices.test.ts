import { describe, expect, it } from 'vitest';
import { Prices } from '../../../connectors/rest/prices.ts';
import { VirtualClock } from '../../../src/simulate/virtual-clock.ts';
import { testEnvironment } from '../../../src/testing/environment.ts';

const price = (symbol: string) => ({ symbol, price: 1, vwap: null, time: '2026-01-02T03:04:05.678Z' });

describe('the newest prices', () => {
  it('are kept of the 2000 symbols that came last: never is the busiest one forgotten', () => {
    const prices = new Prices(testEnvironment());
    prices.take(price('BUSY'));
    for (let index = 0; index < 3000; index++) {
      prices.take(price(`S${index}`));
      prices.take(price('BUSY'));
    }
    const symbols = prices.full().symbols.map(({ symbol }) => symbol);
    expect(symbols).toHaveLength(2000);
    expect(symbols.at(0)).toBe('S1001');
    expect(symbols.at(-1)).toBe('BUSY');
  });

  it('come with the highest and lowest since the snapshot before, also for one who was away, where it is not the last one', async () => {
    const clock = new VirtualClock();
    const prices = new Prices(testEnvironment(clock));
    const heard: unknown[] = [];
    prices.listen(({ symbols }) => void heard.push(symbols));
    const { number } = prices.full();
    for (const burst of [
      [5, 9, 2, 4],
      [6, 6],
      [3, 7],
    ]) {
      for (const value of burst) prices.take({ ...price('A'), price: value });
      await clock.advance(1000);
    }
    expect(heard).toEqual([
      [{ ...price('A'), price: 4, trades: 4, high: 9, low: 2 }],
      [{ ...price('A'), price: 6, trades: 2 }],
      [{ ...price('A'), price: 7, trades: 2, low: 3 }],
    ]);
    expect(prices.since(number)?.symbols).toEqual([{ ...price('A'), price: 7, trades: 8, high: 9, low: 2 }]);
    expect(prices.full().symbols).toEqual([{ ...price('A'), price: 7, trades: 0 }]);
    prices.close();
  });

  it('count no lines of a symbol that was forgotten before the snapshot', async () => {
    const clock = new VirtualClock();
    const prices = new Prices(testEnvironment(clock));
    const heard: number[] = [];
    prices.listen(({ symbols }) => void heard.push(symbols.length));
    for (let index = 0; index < 2100; index++) prices.take(price(`S${index}`));
    await clock.advance(1000);
    expect(heard).toEqual([2000]);
    prices.close();
  });
});
