import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asciiFrame, isAscii } from '../../../connectors/terminal/ascii.ts';
import { render } from '../../../connectors/terminal/render.ts';
import { barOf, marketOf, stateOf, textOf } from '../../support/cli/dashboard.ts';

const market = marketOf(...Array.from({ length: 40 }, (_, place) => ['AAPL', 100 + (place % 7), 101] as const));
const intervals = ['1m', '5m'];
const bars = {
  ...{ symbol: 'AAPL', interval: '1m', days: [], decimals: 2, problem: undefined },
  bars: Array.from({ length: 40 }, (_, place) => barOf(place - 39, [10, 12, 9, place % 3 ? 11 : 9.5])),
};

describe('the screen of an ASCII terminal', () => {
  it('uses only ASCII characters on every screen', () => {
    fc.assert(
      fc.property(
        fc.record({
          screen: fc.constantFrom('prices', 'runtime'),
          chart: fc.constantFrom('line', 'candles'),
          ...{ isAlone: fc.boolean(), isHelpShown: fc.boolean(), interval: fc.constant('1m') },
        }),
        fc.record({ width: fc.nat(230), height: fc.nat(70) }),
        (choice, { width, height }) => {
          const frame = asciiFrame(render(stateOf(market, { bars, intervals, choice }), width, height));
          const lines = textOf(frame);
          expect([lines.length, frame.plots]).toEqual([height, []]);
          for (const line of lines) {
            expect(line).toHaveLength(width);
            expect(line).toMatch(/^[ -~]*$/);
          }
        },
      ),
    );
  });

  it('draws curves with stars and dots, and candles that still differ in shape', () => {
    const text = (chart: 'line' | 'candles') =>
      textOf(asciiFrame(render(stateOf(market, { bars, intervals, choice: { chart, interval: '1m' } }), 100, 30))).join(
        '\n',
      );
    expect(text('line')).toMatch(/[|+] +\*+/);
    expect(text('line')).toMatch(/[|+].*\.\.?/);
    expect(text('candles')).toMatch(/O #|# O/);
  });

  it.each([
    [{ TERM: 'xterm-256color' }, false],
    [{ TERM: 'xterm', LANG: 'en_US.UTF-8' }, false],
    [{ TERM: 'xterm', LANG: 'C', LC_ALL: 'C.utf8' }, false],
    [{ TERM: 'xterm', LC_CTYPE: 'UTF-8', LANG: 'C' }, false],
    [{ TERM: 'xterm', LC_ALL: 'C' }, true],
    [{ TERM: 'xterm', LC_ALL: '', LANG: 'de_DE.ISO-8859-1' }, true],
    [{ TERM: 'vt100' }, true],
    [{ TERM: 'linux' }, false],
  ])('is used for %j: %s', (env, expected) => {
    expect(isAscii(env)).toBe(expected);
  });
});
