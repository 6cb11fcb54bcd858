import { Market } from '../../../connectors/terminal/market.ts';
import type { Frame } from '../../../connectors/terminal/render.ts';
import { type Choice, firstChoice, type State } from '../../../connectors/terminal/state.ts';
import { readTrade } from '../../../connectors/terminal/trade.ts';
import type { Bar } from '../../../src/kit/bar.ts';

/** Wall clock of the tests, Unix ms. */
export const noon = Date.UTC(2025, 10, 20, 12);

/** A market that received these trades, one per second. */
export function marketOf(...trades: readonly (readonly [symbol: string, price: number, vwap?: number])[]): Market {
  const market = new Market(1000);
  trades.forEach(([symbol, price, vwap], second) => {
    const seenAt = noon - (trades.length - second) * 1000;
    const trade = readTrade({ symbol, price, vwap, time: seenAt });
    if (trade) market.take(trade, seenAt);
    market.tick(seenAt + 1000);
  });
  return market;
}

export function stateOf(
  market: Market,
  { choice, ...more }: Partial<Omit<State, 'choice'>> & { readonly choice?: Partial<Choice> } = {},
): State {
  return {
    ...{
      now: noon,
      market,
      bars: undefined,
      intervals: [],
      process: undefined,
      topology: 'dashboard',
      delayMs: undefined,
    },
    ...{ unreadable: 0, unseen: 0, runtime: { rows: [], problem: undefined }, logFile: undefined },
    choice: { ...firstChoice, ...choice },
    ...more,
  };
}

/** A one-minute bar, `place` minutes after noon, with a volume of 100. */
export function barOf(
  place: number,
  [open, high, low, close]: readonly [open: number, high: number, low: number, close: number],
  more: Partial<Bar> = {},
): Bar {
  const start = noon + place * 60_000;
  return {
    ...{ start, end: start + 60_000, open, high, low, close },
    ...{ volume: 100, vwap: undefined, trades: undefined, lateTrades: 0, gapMs: 0, state: 'complete' },
    ...more,
  };
}

/** The frame as plain text. */
export function textOf({ lines }: Pick<Frame, 'lines'>): readonly string[] {
  return lines.map((line) => line.map(({ text }) => text).join(''));
}
