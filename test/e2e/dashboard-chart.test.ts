import { expect, it } from 'vitest';
import { colour, dashboard, expectRestored, row, trade } from '../support/cli/dashboard-terminal.ts';
import { eventually, freePort } from '../support/cli/platform.ts';
import { onTerminal } from '../support/cli/tmux.ts';
import { CandlesApi, candleAnswer } from '../support/sockets/candles-api.ts';

const lengths: Readonly<Record<string, number>> = { '1m': 60_000, '5m': 300_000, '1h': 3_600_000, '1d': 86_400_000 };

/** Bars until now that rise and fall in turn. The last that has ended is corrected, and one before it incomplete. */
function barsUntil(now: number, interval: string, limit: number) {
  const lengthMs = lengths[interval] ?? 60_000;
  const last = Math.floor(now / lengthMs) * lengthMs;
  return Array.from({ length: limit }, (_, back) =>
    candleAnswer(
      {
        start: last - back * lengthMs,
        lengthMs,
        ...(back % 2 ? { open: 100, close: 104 } : { open: 104, close: 100 }),
      },
      { complete: back !== 0 && back !== 2, late_trades: back === 1 ? 3 : 0, gap_ms: back === 2 ? 12_000 : 0 },
    ),
  );
}

onTerminal('the dashboard', () => {
  it('draws candles on c, longer and shorter on + and -, at every size, and requests those of one symbol alone', async () => {
    const now = Date.now();
    await using api = await CandlesApi.open(({ interval, limit }) => barsUntil(now, interval, limit));
    await using opened = await dashboard({ width: 80, height: 24, env: { API_URL: `http://127.0.0.1:${api.port}` } });
    const { feed, terminal } = opened;
    feed.send(trade('AAPL', 100), trade('MSFT', 50));
    await terminal.shows(/c candles/);
    terminal.press('j');
    await terminal.shows(/^> MSFT/m);
    expect(api.asked).toEqual([]);
    terminal.press('c');
    await terminal.shows(/MSFT {2}1m +! feed away 12 s {2}\* corrected/);
    expect(terminal.text).toMatch(/[║╥╨] [█▄▀]/);
    expect(terminal.text).toMatch(/├─.*!─\*/);
    expect(terminal.text).toMatch(/c line {3}\+ - 1m/);
    terminal.press('+');
    await terminal.shows(/MSFT {2}5m /);
    terminal.press('+', '+', '+', '-');
    await terminal.shows(/MSFT {2}1h /);
    for (const [width, height] of [
      [250, 70],
      [200, 50],
      [120, 40],
      [100, 30],
      [80, 24],
    ] as const) {
      terminal.resize(width, height);
      await eventually(`candles at ${width} by ${height}`, async () => {
        const lines = terminal.lines;
        const isWhole = lines.length === height && lines[2]?.length === width && lines.at(-1)?.includes('q quit');
        return isWhole && /MSFT {2}1h /.test(terminal.text) && /[║╥╨] [█▄▀] [║╥╨]/.test(terminal.text);
      });
    }
    terminal.press('c');
    await terminal.shows(/MSFT {2}── price/);
    const { length } = api.asked;
    expect(new Set(api.asked.map(({ symbol }) => symbol))).toEqual(new Set(['MSFT']));
    // Longer than the interval at which the bars are requested again.
    await new Promise((resolve) => setTimeout(resolve, 6000));
    expect(api.asked).toHaveLength(length);
    terminal.press('q');
    await expectRestored(terminal, '0');
  });

  it('updates the last candle with each line of the feed', async () => {
    await using api = await CandlesApi.open(({ interval, limit }) => barsUntil(Date.now(), interval, limit));
    await using opened = await dashboard({ width: 200, height: 50, env: { API_URL: `http://127.0.0.1:${api.port}` } });
    const { feed, terminal } = opened;
    const live = (price: number) => feed.send({ ...trade('AAPL', price), time: new Date().toISOString() });
    live(100);
    await terminal.shows(row('AAPL'));
    terminal.press('c', '+', '+', '+');
    await terminal.shows(/AAPL {2}1d .* day 98\.00 - 106\.00/);
    live(177.5);
    await terminal.shows(/AAPL {2}1d .* 177\.50 .* day 98\.00 - 177\.50[\s\S]*177\.50 ┤/);
  });

  it('shows in one line that the API is unavailable, draws the line meanwhile, and candles when it is back', async () => {
    const port = await freePort();
    await using opened = await dashboard({ width: 80, height: 24, env: { API_URL: `http://127.0.0.1:${port}` } });
    const { feed, terminal } = opened;
    feed.send(trade('AAPL', 100));
    await terminal.shows(row('AAPL'));
    terminal.press('c');
    await terminal.shows(`candles 1m: 127.0.0.1:${port} refuses the connection`);
    feed.send(trade('AAPL', 101));
    await terminal.shows(/AAPL {2}── price 101\.00/);
    const api = await CandlesApi.open(({ interval, limit }) => barsUntil(Date.now(), interval, limit), port);
    await terminal.shows(/[║╥╨] [█▄▀]/);
    expect(terminal.text).not.toContain('refuses');
    await api.close();
    await terminal.shows(`candles 1m: 127.0.0.1:${port} refuses the connection`);
    expect(terminal.text).toMatch(/AAPL {2}── price/);
    terminal.press('C-c');
    await expectRestored(terminal, '0');
  });

  it('draws in ASCII if the locale has no more, and without colours with NO_COLOR', async () => {
    await using api = await CandlesApi.open(({ interval, limit }) => barsUntil(Date.now(), interval, limit));
    const env = { API_URL: `http://127.0.0.1:${api.port}`, LC_ALL: 'C', NO_COLOR: '1' };
    await using opened = await dashboard({ env });
    const { feed, terminal } = opened;
    feed.send(trade('AAPL', 100), trade('AAPL', 101));
    await terminal.shows(/AAPL +\^ 101\.00/);
    terminal.press('c');
    await terminal.shows(/O # O/);
    expect(terminal.text).toMatch(/^[\n -~]*$/);
    expect(terminal.colours).not.toMatch(colour);
  });
});
