import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Market } from '../../../connectors/terminal/market.ts';
import { render } from '../../../connectors/terminal/render.ts';
import { RuntimeRates } from '../../../connectors/terminal/runtime.ts';
import { sorts } from '../../../connectors/terminal/state.ts';
import { readTrade } from '../../../connectors/terminal/trade.ts';
import { noon, stateOf, textOf } from '../../support/cli/dashboard.ts';
import { processWith } from './screens.ts';

describe('every screen', () => {
  const anything = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('\u001b[2J', '時間', '😀', 'e\u0301', '\n', '\t', '\u202e'),
  );
  const number = fc.oneof(
    fc.double({ noNaN: true }),
    fc.constantFrom(0, 1e300, -1e-300, 5e-324),
    fc.double({ min: 1, max: 500 }),
  );
  const feedLine = fc.record({
    symbol: anything,
    price: number,
    vwap: fc.option(number),
    time: fc.option(fc.oneof(number, anything)),
  });
  const choice = fc.record({
    screen: fc.constantFrom('prices', 'runtime'),
    selected: fc.option(anything, { nil: undefined }),
    ...{ isAlone: fc.boolean(), isTyping: fc.boolean(), isPaused: fc.boolean(), isHelpShown: fc.boolean() },
    filter: fc.oneof(fc.constant(''), anything),
    sort: fc.constantFrom(...sorts),
    row: fc.option(anything, { nil: undefined }),
    chart: fc.constantFrom('line', 'candles'),
    interval: fc.constantFrom('1m', undefined),
    isUnfolded: fc.option(fc.boolean(), { nil: undefined }),
    toggled: fc.array(anything, { maxLength: 3 }),
  });
  const source = fc.record({
    state: fc.constantFrom('idle', 'connecting', 'standby', 'ok', 'retrying', 'held', 'failed'),
    ...{ reason: anything, address: anything, retryAt: fc.integer({ min: noon - 10_000, max: noon + 40_000 }) },
  });
  const size = fc.record({ width: fc.nat(230), height: fc.nat(70) });

  it('has exactly the requested lines and columns, and no control characters', () => {
    fc.assert(
      fc.property(
        fc.array(feedLine, { maxLength: 60 }),
        choice,
        source,
        size,
        fc.nat(100_000),
        (feed, chosen, feedSource, { width, height }, silentMs) => {
          const seen = new Market(20);
          feed.forEach((line, second) => {
            const trade = readTrade(line);
            if (trade) seen.take(trade, noon - second * 1000);
            if (second % 3 === 0) seen.tick(noon + second * 1000);
          });
          const process = processWith(feedSource);
          const runtime = {
            rows: new RuntimeRates().rows([{ pipeline: feedSource.reason, process }], noon + silentMs),
            problem: feedSource.reason,
          };
          const state = stateOf(seen, {
            process,
            runtime,
            choice: chosen,
            logFile: feedSource.address,
            delayMs: feed.length * 1e5,
          });
          const frame = render(state, width, height);
          const lines = textOf(frame);
          expect(lines).toHaveLength(height);
          for (const line of lines) {
            expect(line).toHaveLength(width);
            expect(line).toMatch(
              /^[\u0020-\u007e\u00a1-\u00ac\u00ae-\u0482\u048a-\u052f\u2026\u2191\u2193\u2500-\u25cf]*$/,
            );
            expect(line).not.toMatch(/[\u0300-\u036f]/);
          }
          for (const { left, top, width: columns, height: rows, curves } of frame.plots) {
            expect([left >= 0, top >= 3, left + columns <= width, top + rows <= height - 1]).toEqual([
              true,
              true,
              true,
              true,
            ]);
            for (const { dots } of curves)
              for (const dot of dots)
                expect(dot === undefined || (dot >= 0 && dot < rows * 4 && Number.isInteger(dot))).toBe(true);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
