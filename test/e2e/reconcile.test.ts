import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { describe, expect, it } from 'vitest';
import { sized } from '../support/cli/faults.ts';
import { Installation } from '../support/cli/installation.ts';
import { eventually, Process, temporaryFolder } from '../support/cli/platform.ts';
import { rowsOf } from '../support/cli/stored.ts';

const feed = ['ingestor', 'processor', 'candles'];

/** Changes the store while fdp runs, as another program would. */
function change(platform: Installation, ...statements: readonly string[]): void {
  const db = new DatabaseSync(platform.storeFile, { timeout: 20_000 });
  try {
    db.exec(`BEGIN IMMEDIATE; ${statements.join('; ')}; COMMIT`);
  } finally {
    db.close();
  }
}

/** Inserts `count` rows of a symbol, as an older processor without marks stored them. */
const oldTrades = (symbol: string, count: number) =>
  Array.from(
    { length: count },
    (_, n) =>
      `INSERT INTO finnhub_trades (message_key, symbol, price, time, volume) VALUES ('old-${symbol}-${n}', '${symbol}', '1', ${n}, '1')`,
  );

/** Compares the table of symbols with a `GROUP BY` over the stored trades. */
function wrongSymbols(platform: Installation): readonly unknown[] {
  const sql = `SELECT t.symbol, t.trades, t.lastAt, s.tradeCount, s.lastTradeAt
    FROM (SELECT symbol, count(*) AS trades, max(time) AS lastAt FROM finnhub_trades GROUP BY symbol) t
    LEFT JOIN symbols s ON s.symbol = t.symbol
    WHERE s.tradeCount IS NOT t.trades OR s.lastTradeAt IS NOT t.lastAt`;
  return rowsOf(platform.storeFile, sql);
}

function reconcile(platform: Installation, ...args: readonly string[]): Process {
  return new Process(['--pipeline', platform.pipeline, 'reconcile', ...args], platform.workspace.env);
}

async function reconciled(platform: Installation, ...args: readonly string[]): Promise<[unknown, string]> {
  await using process = reconcile(platform, ...args);
  const code = await process.ended;
  return [code, process.output];
}

async function atLeast(platform: Installation, trades: number): Promise<void> {
  await eventually(`${trades} trades stored`, async () => platform.storedTrades >= trades);
}

/** These tests start about twenty processes one after the other. */
const many = { timeout: 480_000 };

describe('fdp reconcile on the embedded profile', many, () => {
  it('finds nothing, time and again, while the platform is busy; then finds, and repairs, what another program changed', async () => {
    using folder = temporaryFolder();
    const platform = await Installation.in(folder.path, '100/s');
    await using process = platform.start(feed);
    await atLeast(platform, 300);
    for (let n = 0; n < sized({ full: 10, fast: 3 }); n++) {
      const [code, output] = await reconciled(platform);
      expect([code, output.match(/no difference/g)?.length], output).toEqual([0, 3]);
    }
    change(
      platform,
      ...[...oldTrades('AAPL', 5), ...oldTrades('OLD', 3)],
      "UPDATE symbols SET tradeCount = tradeCount + 40 WHERE symbol = 'AAPL'",
      "UPDATE symbols SET lastTradeAt = lastTradeAt + 86400000 WHERE symbol = 'MSFT'",
      "UPDATE candles SET trades = trades + 3, high = '999999' WHERE _id = 1",
      "DELETE FROM symbols WHERE symbol = 'TSLA'",
    );
    const [code, output] = await reconciled(platform, '--json');
    expect(code, output).toBe(4);
    const { tables, left } = JSON.parse(output) as {
      tables: readonly { table: string; differences: readonly { key: string }[] }[];
      left: number;
    };
    expect(left).toBe(5);
    expect(tables.map(({ table, differences }) => [table, differences.map(({ key }) => key).sort()])).toEqual([
      ['symbols', ['AAPL', 'MSFT', 'OLD', 'TSLA']],
      ['candles', [expect.stringMatching(/\|1m\|/)]],
      ['gaps', []],
    ]);
    const [, report] = await reconciled(platform, '--repair');
    expect(report).toMatch(/symbols AAPL: tradeCount is \d+, recomputed \d+: .+; repaired/);
    expect(report).toMatch(/^symbols: .* 4 differences, 4 repaired, 0 left/m);
    // The bar of the current minute may change too fast to be compared: it is skipped, and repaired after it has ended.
    const minuteEnd = Math.ceil(Date.now() / 60_000) * 60_000;
    const isRepaired = async () => (await reconciled(platform, '--repair'))[0] === 0;
    if (!(await isRepaired())) {
      // A process for each look would keep the machine busy until then.
      await eventually('the minute is over', async () => Date.now() > minuteEnd, 90_000);
      await eventually('the bar is repaired', isRepaired, 120_000);
    }
    for (const _ of [1, 2]) expect((await reconciled(platform))[0]).toBe(0);
    expect(await process.stop()).toBe(0);
    await platform.catchUp();
    expect(wrongSymbols(platform)).toEqual([]);
    const [end, final] = await reconciled(platform, 'symbols');
    expect([end, final]).toEqual([0, expect.stringMatching(/no difference\n$/)]);
  });

  it('continues a repair that was killed', async () => {
    using folder = temporaryFolder();
    const platform = await Installation.in(folder.path, '100/s');
    await using process = platform.start(feed);
    await atLeast(platform, 100);
    const symbols = Array.from({ length: 2000 }, (_, n) => `OLD${n}`);
    change(
      platform,
      ...symbols.flatMap((symbol) => oldTrades(symbol, 1)),
      ...symbols.map((symbol) => `INSERT INTO symbols (symbol, tradeCount, lastTradeAt) VALUES ('${symbol}', 9, 0)`),
    );
    await using killed = reconcile(platform, 'symbols', '--repair');
    await eventually('the first repair', async () => /repaired/.test(killed.stdout));
    expect(await killed.stop('SIGKILL')).toBe('SIGKILL');
    const [code, output] = await reconciled(platform, 'symbols', '--repair');
    expect(code, output.slice(-2000)).toBe(0);
    const rest = Number(/(\d+) differences, \d+ repaired, 0 left/.exec(output)?.[1]);
    expect(rest).toBeGreaterThan(0);
    expect(rest).toBeLessThan(2000);
    expect(await process.stop()).toBe(0);
    await platform.catchUp();
    expect(wrongSymbols(platform)).toEqual([]);
  });

  it('counts again what the log no longer has, after the table of counters was emptied', async () => {
    using folder = temporaryFolder();
    const platform = await Installation.in(folder.path, '100/s');
    await using first = platform.start(feed);
    await atLeast(platform, 300);
    expect(await first.stop()).toBe(0);
    change(platform, ...oldTrades('AAPL', 7), 'DELETE FROM symbols');
    await using second = platform.start(feed);
    await eventually('the lane is read again', async () => /is read again from offset/.test(second.output));
    const [code, output] = await reconciled(platform, 'symbols', '--repair');
    expect(code, output).toBe(0);
    expect(await second.stop()).toBe(0);
    await platform.catchUp();
    expect(wrongSymbols(platform)).toEqual([]);
    expect((await reconciled(platform))[0]).toBe(0);
  });

  it('compares counters of stored rows with the log, but does not repair from it', async () => {
    using folder = temporaryFolder();
    const platform = await Installation.in(folder.path, '100/s');
    await using process = platform.start(feed);
    await atLeast(platform, 300);
    expect(await reconciled(platform, 'symbols', '--from-log')).toEqual([
      0,
      expect.stringMatching(/^symbols: \d+ rows compared with \d+ messages of ticks: no difference/),
    ]);
    // The rows agree with the counters, but lack messages of the log.
    expect(await process.stop()).toBe(0);
    change(
      platform,
      "DELETE FROM finnhub_trades WHERE _id = (SELECT min(_id) FROM finnhub_trades WHERE symbol = 'AAPL')",
      "UPDATE symbols SET tradeCount = tradeCount - 1 WHERE symbol = 'AAPL'",
    );
    const [code, output] = await reconciled(platform, 'symbols', '--from-log');
    expect([code, output]).toEqual([4, expect.stringMatching(/^symbols AAPL: tradeCount is \d+, recomputed \d+/)]);
    expect((await reconciled(platform, 'symbols'))[0]).toBe(0);
  });

  it('compares, repairs and prints on a schedule, as a topology beside the others', async () => {
    using folder = temporaryFolder();
    const platform = await Installation.in(folder.path, '100/s');
    const shipped = join(dirname(platform.pipeline), 'topologies', 'reconcile.yml');
    const text = readFileSync(shipped, 'utf8');
    writeFileSync(shipped, text.replace('every: 1h', 'every: 1s, repair: true'));
    await using process = platform.start(feed);
    await atLeast(platform, 200);
    await using schedule = platform.start(['reconcile'], { LOG_LEVEL: 'info' });
    await eventually('a comparison', async () => /differences: symbols: .*no difference/.test(schedule.output));
    expect(schedule.stdout).toBe('');
    change(platform, "UPDATE symbols SET tradeCount = tradeCount + 40 WHERE symbol = 'AAPL'");
    await eventually('the difference', async () => /"AAPL".*"repaired":true/.test(schedule.stdout));
    expect(await schedule.stop()).toBe(0);
    expect(await process.stop()).toBe(0);
    await platform.catchUp();
    expect(wrongSymbols(platform)).toEqual([]);
  });

  it('reports in one line what it can not reconcile', async () => {
    using folder = temporaryFolder();
    const platform = await Installation.in(folder.path, '1/s');
    const said = async (...args: readonly string[]) => {
      const [code, output] = await reconciled(platform, ...args);
      return `${code} ${output}`;
    };
    expect(await said('symbol')).toMatch(
      /^2 fdp: reconcile: there is no table "symbol": did you mean "symbols"\? \(tables with counts: .+\)\n$/,
    );
    expect(await said('trades')).toMatch(/^2 .+no topology fills "trades" with counts: tables with counts: .+\n$/);
    expect(await said('symbols', '--from', '-1h')).toMatch(
      /^2 .+--from and --to are for rows of a time, as bars have.+\n$/,
    );
    expect(await said('candles', '--from', 'soon')).toMatch(/^2 .+--from: expected .+, got "soon"\n$/);
    expect(await said('symbols', '--from-log', '--repair')).toMatch(/^2 .+symbols counts what trades has stored.+\n$/);
  });
});
