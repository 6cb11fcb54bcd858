import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fullSpeed } from '../../support/cli/full-speed.ts';
import { median, residentMiB } from '../../support/cli/memory.ts';
import { eventually, Process, temporaryFolder } from '../../support/cli/platform.ts';
import { lettersOf, rowsOf } from '../../support/cli/stored.ts';
import { get, LineReader, workspaceIn } from '../../support/cli/workspace.ts';

const minutes = Number(process.env['FDP_SOAK_MINUTES'] ?? 0.5);
const seconds = minutes * 60;
/** The fraction of the run after which memory must no longer grow. */
const warmUp = 1 / 3;
/** Allowance for garbage that has not been collected yet, MiB. */
const noiseMiB = 25;

type Totals = Readonly<Record<string, readonly [trades: number, latest: number]>>;

function totals(path: string, sql: string): Totals {
  return Object.fromEntries(rowsOf(path, sql).map(({ s, n, t }) => [String(s), [Number(n), Number(t)]]));
}

/** Number of trades and time of the latest per symbol, according to the log, the stored trades, and the counters. */
function books(folder: string): { readonly log: Totals; readonly trades: Totals; readonly counters: Totals } {
  const store = join(folder, 'store.db');
  return {
    log: totals(
      join(folder, 'log.db'),
      `SELECT r.key AS s, sum(json_array_length(r.value, '$.data')) AS n,
        max((SELECT max(json_extract(j.value, '$.t')) FROM json_each(r.value, '$.data') j)) AS t
        FROM fdp_records r JOIN fdp_topics t ON t.topic = r.topic WHERE t.name = 'raw_stock_ticks' GROUP BY 1`,
    ),
    trades: totals(
      store,
      'SELECT symbol AS s, count(DISTINCT message_key) AS n, max(time) AS t FROM finnhub_trades GROUP BY 1',
    ),
    counters: totals(store, 'SELECT symbol AS s, tradeCount AS n, lastTradeAt AS t FROM symbols'),
  };
}

function sum(of: Totals): number {
  return Object.values(of).reduce((all, [trades]) => all + trades, 0);
}

describe('soak', () => {
  it(
    `runs ${minutes} minutes at full speed in flat memory and loses nothing`,
    async () => {
      using folder = temporaryFolder();
      const { env, api, tcpPort } = await workspaceIn(folder.path);
      const pipeline = fullSpeed(folder.path);
      const resident: number[] = [];
      {
        await using platform = new Process(['--pipeline', pipeline], env);
        using reader = new LineReader(tcpPort);
        await eventually('the API', async () => (await get(`${api}/api/v1/symbols`))?.status === 200);
        const start = performance.now();
        await eventually(
          'the end of the soak',
          async () => {
            reader.lines.length = 0;
            expect(await get(`${api}/api/v1/trades/AAPL?limit=50`)).toMatchObject({ status: 200 });
            const elapsed = (performance.now() - start) / 1000;
            if (elapsed > resident.length + 1) resident.push(residentMiB(platform.child.pid));
            return elapsed > seconds;
          },
          2000 * seconds,
        );
        expect(await platform.stop(), platform.output.slice(-2000)).toBe(0);
        expect(platform.log.filter(({ level }) => level === 'error' || level === 'warn')).toEqual([]);
      }
      const steady = resident.slice(Math.floor(resident.length * warmUp));
      const part = Math.ceil(steady.length / 4);
      const growth = median(steady.slice(-part)) - median(steady.slice(0, part));
      expect(growth, `MiB each second: ${resident.map(Math.round).join(' ')}`).toBeLessThan(noiseMiB);

      await using rest = new Process(['--pipeline', pipeline, '--topology', 'processor'], env);
      const trades = sum(books(folder.path).log);
      // There may be no rest: then it would be stopped before it knows how.
      await eventually('the processor runs', async () => rest.log.length > 0);
      await eventually('the rest of the log is stored', async () => sum(books(folder.path).counters) >= trades);
      expect(await rest.stop()).toBe(0);
      const { log, ...stored } = books(folder.path);
      expect(stored).toEqual({ trades: log, counters: log });
      expect(trades).toBeGreaterThan(1000 * seconds);
      expect(lettersOf(folder.path)).toEqual([]);
    },
    2000 * seconds + 300_000,
  );
});
