import { describe, expect, it } from 'vitest';
import { colour, dashboard, expectRestored, row, trade } from '../support/cli/dashboard-terminal.ts';
import { sized } from '../support/cli/faults.ts';
import { median } from '../support/cli/memory.ts';
import { eventually, freePort, Process, temporaryFolder } from '../support/cli/platform.ts';
import { onTerminal, Terminal } from '../support/cli/tmux.ts';
import { LineFeed } from '../support/sockets/line-feed.ts';

const busySeconds = sized({ full: 30, fast: 10 });

onTerminal('the dashboard', () => {
  it('shows the feed, answers every key, and restores the terminal', async () => {
    await using opened = await dashboard();
    const { feed, terminal } = opened;
    expect(await terminal.shows('● connected to')).toContain('no trade yet');
    expect(terminal.modes).toEqual({ hasCursor: false, isTaken: true });
    feed.send(trade('AAPL', 100), trade('AAPL', 101), trade('MSFT', 50, 50), trade('TSLA', 200, null));

    await terminal.shows(/> AAPL +▲ 101\.00 +\+1\.00 % +100\.00 +\+100\.0 bp/);
    await terminal.shows(/^ {2}TSLA +200\.00 +0\.00 % +- +- /m);
    await terminal.shows(/time +symbol +price +to VWAP/);
    terminal.press('j');
    await terminal.shows(/^> MSFT/m);
    terminal.press('Down');
    await terminal.shows(/^> TSLA/m);
    terminal.press('k', 'Up');
    await terminal.shows(/^> AAPL/m);
    terminal.press('End');
    await terminal.shows(/^> TSLA/m);
    terminal.press('Enter');
    expect(await terminal.shows('the last trades of TSLA')).not.toMatch(row('AAPL'));
    terminal.press('Escape');
    await terminal.shows(row('AAPL'));
    terminal.press('s');
    await terminal.shows(/s by change/);
    terminal.press('/');
    await terminal.shows('enter keeps it, esc drops it');
    terminal.press('m', 's', 'q');
    await terminal.shows('no symbol contains "msq"');
    terminal.press('BSpace', 'Enter');
    expect(await terminal.shows('only "ms"')).not.toMatch(row('AAPL'));
    terminal.press('Escape');
    await terminal.shows(row('AAPL'));
    terminal.press('p');
    await terminal.shows('paused');
    feed.send(trade('AAPL', 77));
    await terminal.shows('paused, 1 lines passed by');
    terminal.press('p');
    await terminal.shows(/^(?![\s\S]*paused)/);
    feed.send(trade('AAPL', 78));
    await terminal.shows(/AAPL +▼ 78\.00/);
    expect(terminal.text).not.toContain('77.00');
    terminal.press('2');
    await terminal.shows(/^ {4}vwap_client +\S+ /m);
    expect(terminal.text).toMatch(/topology +state +in\/s +out\/s/);
    terminal.press('1');
    await terminal.shows('[1 Prices]');
    terminal.press('Tab');
    await terminal.shows('[2 Runtime]');
    terminal.press('?');
    await terminal.shows('any key goes back');
    terminal.press('x', 'q');
    await expectRestored(terminal, '0');
  });

  it('fits every size, and adapts when it changes', async () => {
    await using opened = await dashboard({ width: 80, height: 24 });
    const { feed, terminal } = opened;
    feed.send(trade('AAPL', 100), trade('MSFT', 50));
    await terminal.shows(row('MSFT'));
    const sizes = [
      { width: 200, height: 60, has: ['trades/s', 'age', 'last trades', 'q quit'], lacks: [] },
      { width: 80, height: 24, has: ['VWAP', 'trades/s', 'to VWAP', '  time  ', 'q quit'], lacks: [] },
      { width: 50, height: 12, has: ['price', 'VWAP', 'q quit'], lacks: ['trades/s', '  time  '] },
      { width: 120, height: 40, has: ['trades/s', 'age', 'to VWAP', 'q quit'], lacks: [] },
    ];
    for (const { width, height, has, lacks } of sizes) {
      terminal.resize(width, height);
      await eventually(`a screen of ${width} by ${height}`, async () => {
        const lines = terminal.lines;
        const isWhole = lines.length === height && lines[2]?.length === width && lines.at(-1)?.includes('q quit');
        const text = lines.join('\n');
        return isWhole && has.every((word) => text.includes(word)) && !lacks.some((word) => text.includes(word));
      });
    }
  });

  it('shows that the feed is disconnected and when it reconnects, and continues when it is back', async () => {
    await using opened = await dashboard();
    const { feed, terminal } = opened;
    feed.send(trade('AAPL', 100));
    await terminal.shows(row('AAPL'));
    await feed.close();
    await terminal.shows(/▲ reconnecting( in \d+ s)?: 127\.0\.0\.1:\d+ \(from VWAP_FEED\) refuses the connection/);
    expect(terminal.text).toMatch(row('AAPL'));
    terminal.press('?');
    await terminal.shows('any key goes back');
    terminal.press('x');
    await using again = await LineFeed.open(feed.port);
    await terminal.shows('● connected to');
    again.send(trade('AAPL', 123));
    await terminal.shows(/AAPL +▲ 123\.00/);
  });

  it(`answers keys during ${busySeconds} s of 10,000 lines per second for 500 symbols`, async () => {
    await using opened = await dashboard({ width: 120, height: 40 });
    const { feed, terminal } = opened;
    const symbols = Array.from({ length: 500 }, (_, index) => `S${String(index).padStart(3, '0')}`);
    feed.send(...symbols.map((symbol) => trade(symbol, 100)));
    await terminal.shows(/^> S000/m);
    const idle = await answerMs(terminal, 15);
    feed.pump(10_000, (index) => trade(symbols[index % 500] ?? '', 100 + (index % 100) / 100));
    const rate = async () => {
      const [, lines = '0'] = / {2}(\d{1,3}(?: \d{3})*)(?:\.\d)? lines\/s/.exec(terminal.text) ?? [];
      return Number(lines.replaceAll(' ', '')) > 7000;
    };
    await eventually('10,000 lines a second', rate);
    await eventually('enough of it', async () => feed.pumped > busySeconds * 10_000, 90_000);
    const busy = await answerMs(terminal, 30);
    expect(busy, `${idle} ms when idle`).toBeLessThan(5 * idle);
    process.stderr.write(`a key is answered within ${idle.toFixed()} ms when idle, ${busy.toFixed()} ms at 10,000/s\n`);
    // Everything received during the paint has been read.
    feed.pump(0, () => '');
    feed.send(trade('S000', 555));
    await terminal.shows(/555\.00/);
  });

  it('shows or skips anything that another program sends on that port', async () => {
    await using opened = await dashboard({ width: 90, height: 30 });
    const { feed, terminal } = opened;
    feed.send(
      { ...trade('NULLS', 1.5, null), time: 1_767_623_400, extra: { deep: [1, 2] } },
      ...['{broken\n', '[1,2]\n', 'null\n', '"text"\n', '{}\n', '{"symbol":"NOPRICE"}\n', '{"symbol":7,"price":7}\n'],
      { symbol: 'TEXT', price: '12.5', vwap: 'no number', time: 'yesterday' },
      { symbol: '\u001b[2J\u001b[31mRED\u0007', price: 5 },
      { symbol: '時間😀e\u0301', price: 6 },
      { symbol: 'L'.repeat(5000), price: 1e300, vwap: -1e-300, time: -1 },
    );
    feed.send(`{"symbol":"${'x'.repeat(200_000)}`);
    feed.send('"}\n', trade('AFTER', 9));
    await terminal.shows(row('AFTER'));
    const text = terminal.text;
    expect(text).toMatch(/^[> ] NULLS +1\.50 .* - /m);
    expect(text).toMatch(/^[> ] TEXT +12\.50 /m);
    expect(text).toMatch(/^[> ] \?\[2J\?\[31mRED\? +5\.00 /m);
    expect(text).toMatch(/^[> ] \?+e\? +6\.00 /m);
    expect(text).toMatch(/^[> ] L+…L+ +1\.000e\+300 /m);
    await terminal.shows(/[^0-9]8 skipped/);
    expect(terminal.lines[2]).toBe('─'.repeat(90));
    expect(terminal.lines.at(-1)).toContain('q quit');
  });

  it.each([
    ['SIGTERM', '0'],
    ['SIGHUP', '0'],
  ] as const)('restores the terminal on %s', async (signal, end) => {
    await using opened = await dashboard();
    process.kill(opened.terminal.pid, signal);
    await expectRestored(opened.terminal, end);
  });

  it('stops at once on Ctrl-C, even while the feed is disconnected', async () => {
    await using opened = await dashboard();
    const { feed, terminal } = opened;
    await feed.close();
    await terminal.shows('▲ reconnecting');
    terminal.press('C-c');
    await expectRestored(terminal, '0');
  });

  it('restores the terminal after a crash, and then prints what happened', async () => {
    const crash = `data:text/javascript,process.on(%22SIGUSR2%22,()=>{throw(new(Error)(%22a-mistake-in-the-program%22))})`;
    await using opened = await dashboard({ env: { NODE_OPTIONS: `--import=${crash}` } });
    process.kill(opened.terminal.pid, 'SIGUSR2');
    expect(await expectRestored(opened.terminal, '1')).toContain('a-mistake-in-the-program');
  });

  it('has no colours with NO_COLOR, and the same signs', async () => {
    await using opened = await dashboard({ env: { NO_COLOR: '1' } });
    opened.feed.send(trade('AAPL', 100), trade('AAPL', 101));
    await opened.terminal.shows(/AAPL +▲ 101\.00/);
    expect(opened.terminal.colours).not.toMatch(colour);
  });

  it('writes plain lines on a terminal that supports no more', async () => {
    using folder = temporaryFolder();
    await using feed = await LineFeed.open();
    using terminal = new Terminal(['--topology', 'dashboard'], {
      folder: folder.path,
      env: { VWAP_FEED: `127.0.0.1:${feed.port}`, FDP_DATA: folder.path, OBSERVE_PORT: '0', TERM: 'dumb' },
    });
    await eventually('a client', async () => feed.clients > 0);
    feed.send(trade('AAPL', 101));
    await terminal.shows(/^\d\d:\d\d:00\.000 {2}AAPL +101\.00 {2}VWAP 100\.00 {2}\+100\.0 bp$/m);
    terminal.press('C-c');
    await terminal.shows('ended with 0');
  });
});

/** Median time from a key press until its effect is visible, of `times` key presses, ms. */
async function answerMs(terminal: Terminal, times: number): Promise<number> {
  const taken: number[] = [];
  let selected = Number(/^> S(\d+)/m.exec(terminal.text)?.[1]);
  for (let time = 0; time < times; time++) {
    selected++;
    const pressedAt = performance.now();
    terminal.press('j');
    const wanted = `> S${String(selected).padStart(3, '0')}`;
    while (!terminal.text.includes(wanted)) {
      if (performance.now() - pressedAt > 20_000) throw new Error(`no answer within 20 s:\n${terminal.text}`);
      // Lets this process send the feed.
      await new Promise((resolve) => setImmediate(resolve));
    }
    taken.push(performance.now() - pressedAt);
  }
  return median(taken);
}

describe('the dashboard without a terminal', () => {
  it('writes one line per trade, keeps the log apart, and stops cleanly', async () => {
    using folder = temporaryFolder();
    await using feed = await LineFeed.open();
    await using run = new Process(['--topology', 'dashboard'], {
      ...{ VWAP_FEED: `127.0.0.1:${feed.port}`, FDP_DATA: folder.path, OBSERVE_PORT: '0', TZ: 'UTC' },
    });
    await eventually('a client', async () => feed.clients > 0);
    feed.send(trade('AAPL', 101), '{broken\n', { no: 'trade' }, trade('MSFT', 50.125, null));
    await eventually('both lines', async () => run.stdout.split('\n').length > 2);
    expect(run.stdout).toBe(
      [
        '14:30:00.000  AAPL          101.00  VWAP 100.00  +100.0 bp\n',
        '14:30:00.000  MSFT          50.125  VWAP -\n',
      ].join(''),
    );
    expect(await run.stop('SIGTERM')).toBe(0);
    expect(run.log.some(({ msg }) => msg === 'stopped cleanly')).toBe(true);
  });

  it('connects to the feed of this machine by default', async () => {
    using folder = temporaryFolder();
    const port = await freePort();
    await using feed = await LineFeed.open(port);
    await using run = new Process(['--topology', 'dashboard'], {
      ...{ TCP_PORT: String(port), FDP_DATA: folder.path, OBSERVE_PORT: '0' },
    });
    await eventually('a client', async () => feed.clients > 0);
    expect(await run.stop('SIGTERM')).toBe(0);
  });
});
