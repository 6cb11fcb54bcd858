import { describe, expect, it } from 'vitest';
import { render } from '../../../connectors/terminal/render.ts';
import { clockText } from '../../../connectors/terminal/text.ts';
import type { NodeSnapshot } from '../../../src/kit/snapshot.ts';
import { barOf, marketOf, noon, stateOf, textOf } from '../../support/cli/dashboard.ts';
import { market, processWith } from './screens.ts';

describe('the screen of prices', () => {
  it('shows a row per symbol: direction, change since the first price, distance from the VWAP, rate and age', () => {
    const lines = textOf(render(stateOf(market, { choice: { selected: 'MSFT' } }), 80, 24));
    expect(lines[3]).toMatch(/^ {2}symbol +price +change +VWAP +to VWAP +trades\/s +age/);
    expect(lines[4]).toMatch(/^ {2}AAPL +▼ 100\.50 +\+0\.50 % +100\.00 +\+50\.0 bp +0\.8 +1 s {2}/);
    expect(lines[5]).toMatch(/^> MSFT +50\.00 +0\.00 % +50\.50 +-99\.0 bp +0\.3 +3 s {2}/);
  });

  it('shows the last trades, newest first', () => {
    const lines = textOf(render(stateOf(market), 80, 24));
    const from = lines.findIndex((line) => / time +symbol/.test(line));
    const trades = lines.slice(from + 1, from + 5).map((line) => line.slice(30).replace(/ +/g, ' ').trim());
    expect(trades).toEqual([
      `${clockText(noon - 1000, true)} AAPL ▼ 100.50 +50.0 bp`,
      `${clockText(noon - 2000, true)} AAPL ▲ 101.00 +100.0 bp`,
      `${clockText(noon - 3000, true)} MSFT 50.00 -99.0 bp`,
      `${clockText(noon - 4000, true)} AAPL 100.00 0.0 bp`,
    ]);
  });

  it('aligns the decimal points, whatever the symbols are priced in', () => {
    const mixed = marketOf(['AAPL', 100.5], ['EURUSD', 1.08_561], ['BTC', 97_000.1]);
    const rows = textOf(render(stateOf(mixed), 80, 24)).slice(4, 7);
    expect(new Set(rows.map((row) => row.indexOf('.'))).size).toBe(1);
  });

  it('shows a symbol in grey that has not traded for 30 s', () => {
    const styles = (now: number) =>
      render(stateOf(market, { now, choice: { selected: 'AAPL' } }), 80, 24)
        .lines[5]?.filter(({ text }) => text.trim() !== '')
        .map(({ style }) => style.colour);
    expect(styles(noon + 26_999)).not.toContain('grey');
    expect(new Set(styles(noon + 27_000))).toEqual(new Set(['grey']));
  });

  it('drops columns in their order where there is no room', () => {
    const heads = (width: number) =>
      textOf(render(stateOf(market), width, 24))[3]
        ?.trim()
        .split(/ {2,}/);
    expect(heads(80)).toEqual(['symbol', 'price', 'change', 'VWAP', 'to VWAP', 'trades/s', 'age']);
    expect(heads(60)).toEqual(['symbol', 'price', 'change', 'VWAP', 'to VWAP', 'trades/s']);
    expect(heads(50)).toEqual(['symbol', 'price', 'change', 'VWAP', 'to VWAP']);
    expect(heads(40)).toEqual(['symbol', 'price', 'VWAP', 'to VWAP']);
    expect(heads(30)).toEqual(['symbol', 'price', 'VWAP']);
    expect(heads(20)).toEqual(['symbol', 'price']);
  });

  it.each([
    ['symbol', ['A', 'B', 'C']],
    ['change', ['C', 'A', 'B']],
    ['to VWAP', ['B', 'C', 'A']],
    ['rate', ['A', 'C', 'B']],
    ['last trade', ['A', 'C', 'B']],
  ] as const)('sorts by %s', (sort, order) => {
    const three = marketOf(['C', 10, 10], ['B', 10, 20], ['A', 10, 10], ['C', 11, 10.5], ['A', 10, 10], ['A', 10, 10]);
    const rows = textOf(render(stateOf(three, { choice: { sort } }), 80, 24)).slice(4, 7);
    expect(rows.map((row) => row.slice(2, 3))).toEqual(order);
  });

  it('writes each price with the decimals of its instrument, on the axis of the chart too', () => {
    const eurusd = marketOf(...Array.from({ length: 40 }, (_, index) => ['EURUSD', (108_653 + index) / 1e5] as const));
    const text = textOf(render(stateOf(eurusd), 100, 30)).join('\n');
    expect(text).toMatch(/> EURUSD +▲ 1\.08692 /);
    expect(text).toMatch(/1\.086530? ┤/);
    expect(text).toMatch(/1\.086920? ┤/);
    const coin = marketOf(['COIN', 1e-9], ['COIN', 2e-9]);
    expect(textOf(render(stateOf(coin), 100, 30))[4]).toMatch(/> COIN +▲ 0\.000000002 /);
  });

  it('never shortens two symbols to the same text while there is room', () => {
    const long = [
      ...['BINANCE:BTCUSDT', 'BINANCE:BTCUSDC', 'OANDA:EUR_USD', 'A-NAME-OF-FORTY-CHARACTERS-IN-ALL-THAT-1'],
      'A-NAME-OF-FORTY-CHARACTERS-IN-ALL-THAT-2',
    ];
    const named = marketOf(...long.map((symbol) => [symbol, 97_000.12, 97_000] as const));
    for (let width = 30; width <= 230; width += 5) {
      const rows = textOf(render(stateOf(named), width, 40)).slice(4, 9);
      const names = rows.map((row) => row.slice(2).split(/ {2,}/)[0]);
      expect([width, new Set(names).size]).toEqual([width, 5]);
      if (width >= 200) expect([width, names.toSorted()]).toEqual([width, long.toSorted()]);
    }
    const trades = textOf(render(stateOf(named), 200, 60)).map((line) => line.slice(112));
    for (const symbol of long) expect(trades.some((line) => line.includes(`${symbol}  `))).toBe(true);
  });

  it('filters the last trades too', () => {
    const text = (filter: string) =>
      textOf(render(stateOf(market, { choice: { filter } }), 200, 60))
        .map((line) => line.slice(112))
        .join('\n');
    expect(text('')).toContain('AAPL');
    expect(text('msft')).toContain('MSFT');
    expect(text('msft')).not.toContain('AAPL');
  });

  it('keeps the selected symbol visible, however many there are', () => {
    const many = marketOf(...Array.from({ length: 500 }, (_, index) => [`S${1000 + index}`, 1] as const));
    for (const selected of ['S1000', 'S1250', 'S1499']) {
      const text = textOf(render(stateOf(many, { choice: { selected } }), 80, 24)).join('\n');
      expect(text).toContain(`> ${selected}`);
    }
  });

  it('draws price and VWAP within their area', () => {
    for (const [width, height] of [
      [80, 24],
      [120, 40],
      [200, 60],
    ] as const) {
      const { plots, lines } = render(stateOf(market), width, height);
      const [plot] = plots;
      expect(plots).toHaveLength(1);
      expect(textOf({ lines })[(plot?.top ?? 0) - 1]).toContain('price');
      expect(plot?.curves).toHaveLength(2);
    }
  });
});

describe('the chart of candles', () => {
  const quotes = marketOf(['AAPL', 100, 100], ['MSFT', 50, 50]);
  const known = {
    ...{ symbol: 'MSFT', interval: '5m', days: [], decimals: 2, problem: undefined },
    bars: Array.from({ length: 60 }, (_, place) => barOf(place - 59, [50, 52, 49, place % 2 ? 51 : 49.5])),
  };
  const choice = { chart: 'candles', interval: '5m', selected: 'MSFT' } as const;
  const shown = (more: Parameters<typeof stateOf>[1] = {}, width = 80, height = 24) => {
    const frame = render(stateOf(quotes, { choice, bars: known, ...more }), width, height);
    return { ...frame, text: textOf(frame).join('\n') };
  };

  it.each([
    [80, 24],
    [100, 30],
    [120, 40],
    [200, 50],
    [250, 70],
  ])('fits %i by %i, and needs the bars that it shows', (width, height) => {
    const { text, plots, wants } = shown({}, width, height);
    expect(plots).toEqual([]);
    expect(text).toMatch(/MSFT {2}5m/);
    expect(text).toMatch(/[║╥╨] [█▄▀]/);
    expect(text).toMatch(/c line {3}\+ - 5m/);
    expect(wants).toMatchObject({ symbol: 'MSFT', interval: '5m' });
    expect(wants?.count).toBeGreaterThan(14);
  });

  it('needs no bars while it is a line, hidden, or there is no room', () => {
    const line = { ...choice, chart: 'line' } as const;
    expect(shown({ choice: line }).wants).toBeUndefined();
    expect(shown({ choice: { ...choice, screen: 'runtime' } }).wants).toBeUndefined();
    expect(shown({ choice: { ...choice, isHelpShown: true } }).wants).toBeUndefined();
    expect(shown({}, 80, 12).wants).toBeUndefined();
    expect(shown({}, 18, 40).wants).toBeUndefined();
  });

  it('is the line, with the reason in one line, as long as there are no candles', () => {
    const none = { ...known, bars: undefined };
    const cases = [
      [{ bars: undefined }, 'candles 5m: loading'],
      [{ bars: none }, 'candles 5m: loading'],
      [{ bars: { ...known, symbol: 'AAPL' } }, 'candles 5m: loading'],
      [{ bars: { ...known, interval: '1m' } }, 'candles 5m: loading'],
      [{ bars: { ...known, bars: [] } }, 'candles 5m: none yet'],
      [{ bars: { ...known, problem: 'nobody answers' } }, 'candles 5m: nobody answers'],
      [{ bars: undefined, choice: { ...choice, isPaused: true } }, 'candles 5m: paused'],
      [{ choice: { ...choice, interval: undefined } }, 'candles: the connector has no URL for them'],
    ] as const;
    for (const [more, note] of cases) {
      expect(shown(more, 200, 50).text).toContain(note);
      const { text, plots } = shown(more);
      expect(text).toContain(note);
      expect(text).toContain('── price');
      expect(plots).toHaveLength(1);
      expect(text.split('\n')[(plots[0]?.top ?? 0) - 1]).toContain('── price');
    }
  });
});

describe('the header', () => {
  const header = (source: Partial<NodeSnapshot>) =>
    textOf(render(stateOf(market, { process: processWith(source) }), 120, 24))[1];

  it.each([
    [{ address: '10.0.0.7:8888' }, '● connected to 10.0.0.7:8888'],
    [{ state: 'connecting', reason: 'connecting to 10.0.0.7:8888' }, '○ connecting to 10.0.0.7:8888'],
    [
      { state: 'retrying', reason: 'nothing listens there', retryAt: noon + 3001 },
      '▲ reconnecting in 4 s: nothing listens there',
    ],
    [{ state: 'retrying', reason: 'nothing listens there', retryAt: noon }, '▲ reconnecting: nothing listens there'],
  ] as const)('shows %j as: %s', (source, text) => {
    expect(header(source)).toContain(text);
  });

  it('adds up the lines skipped by the source and by the screen', () => {
    const state = stateOf(market, { process: processWith({ extra: { skipped_lines: 1200 } }), unreadable: 34 });
    expect(textOf(render(state, 120, 24))[1]).toContain('1 234 skipped');
  });
});

describe('a tape that is played', () => {
  it('is in the first line, with its time, its end and its speed', () => {
    const replay = {
      at: noon,
      from: noon - 60_000,
      to: noon + 60_000,
      speed: 60,
      isPaused: false,
      isCatchingUp: false,
      isOver: false,
      restarts: 0,
    };
    const line = (more: object) => textOf(render(stateOf(market, { replay: { ...replay, ...more } }), 110, 24))[0];
    const times = `tape ${clockText(noon)} of ${clockText(noon + 60_000)}`;
    expect(line({})).toContain(`${times}, 60x, space: pause`);
    expect(line({ isPaused: true, speed: 'max' })).toContain(`${times}, paused, space: go on, arrows: step`);
    expect(line({ isPaused: true, isCatchingUp: true })).toMatch(/, catching up +12/);
    expect(line({ isOver: true })).toContain(`${times}, at its end`);
    expect(textOf(render(stateOf(market), 110, 24))[0]).not.toContain('tape');
  });
});
