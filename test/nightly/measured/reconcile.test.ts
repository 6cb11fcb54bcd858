import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stdout } from 'node:process';
import { DatabaseSync } from '@photostructure/sqlite';
import { expect, it } from 'vitest';
import { eventually, Process, temporaryFolder } from '../../support/cli/platform.ts';
import { rowsOf } from '../../support/cli/stored.ts';
import { workspaceIn } from '../../support/cli/workspace.ts';

const symbols = 200_000;
const tradesEach = 2;
/** Memory limit, MiB: 100,000 rows are held at once, whatever their total number. */
const mostMiB = 700;

/** Trades and counters of many symbols as a processor without marks leaves them; four counters are wrong. */
function fill(path: string): void {
  const db = new DatabaseSync(path);
  const count = `WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < ${symbols - 1})`;
  db.exec('BEGIN');
  for (let trade = 0; trade < tradesEach; trade++)
    db.exec(`INSERT INTO finnhub_trades (message_key, symbol, price, time, volume)
      ${count} SELECT '${trade}-' || n, 'SYM' || n, '1', ${trade}, '1' FROM n`);
  db.exec(`INSERT INTO symbols (symbol, tradeCount, lastTradeAt)
    ${count} SELECT 'SYM' || n, ${tradesEach}, ${tradesEach - 1} FROM n WHERE n != 123`);
  db.exec("UPDATE symbols SET tradeCount = 9 WHERE symbol IN ('SYM0', 'SYM99999', 'SYM199999')");
  db.exec('COMMIT');
  db.close();
}

/** The peak resident set of a process until it ended, MiB. */
async function peakOf(process: Process): Promise<number> {
  let peak = 0;
  await eventually(
    'the end',
    async () => {
      try {
        const status = readFileSync(`/proc/${process.child.pid}/status`, 'utf8');
        peak = Math.max(peak, Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024);
      } catch {
        // it has ended
      }
      return process.child.exitCode !== null;
    },
    600_000,
  );
  return Math.round(peak);
}

it(`compares, and repairs, the counters of ${symbols} symbols in bounded memory`, async () => {
  using folder = temporaryFolder();
  const { env } = await workspaceIn(folder.path);
  const store = join(folder.path, 'store.db');
  await using platform = new Process(['--topology', 'ingestor,processor'], env);
  await eventually('the tables', async () => rowsOf(store, 'SELECT * FROM symbols').length > 0);
  expect(await platform.stop(), platform.output).toBe(0);
  fill(store);
  const wrong = ['SYM0', 'SYM123', 'SYM199999', 'SYM99999'];
  await using process = new Process(['reconcile', 'symbols', '--repair'], env);
  const peak = await peakOf(process);
  const reported = [...process.stdout.matchAll(/^symbols (\w+): tradeCount .*repaired$/gm)].map(([, symbol]) => symbol);
  expect([await process.ended, reported.sort()], process.output.slice(-2000)).toEqual([0, wrong]);
  const right = `SELECT count(*) AS n FROM symbols WHERE symbol LIKE 'SYM%' AND tradeCount = ${tradesEach}`;
  expect(rowsOf(store, right)).toEqual([{ n: symbols }]);
  stdout.write(`reconcile: peak ${peak} MiB\n`);
  expect(peak).toBeLessThan(mostMiB);
}, 900_000);
