import { expect, it } from 'vitest';
import { Installation } from '../support/cli/installation.ts';
import { eventually, temporaryFolder } from '../support/cli/platform.ts';
import { units } from '../support/cli/recomputed-bars.ts';
import { rowsOf } from '../support/cli/stored.ts';
import { get } from '../support/cli/workspace.ts';

interface Bar {
  readonly start: string;
  readonly end: string;
  readonly low: string;
  readonly high: string;
  readonly vwap: string | null;
  readonly volume: string;
  readonly trades: number;
  readonly complete: boolean;
}

interface Answer extends Readonly<Record<string, unknown>> {
  readonly data: { readonly data: readonly Bar[] };
  readonly error: string | null;
}

it('bars of all lengths have the volume of the stored trades, over the API of the shipped platform', async () => {
  using folder = temporaryFolder();
  const platform = await Installation.in(folder.path, '500/s');
  {
    await using all = platform.start();
    await eventually('trades in bars', async () => {
      const [row] = rowsOf(platform.storeFile, 'SELECT sum(trades) AS n FROM candles');
      return Number(row?.['n'] ?? 0) > 500;
    });
    expect(await all.stop()).toBe(0);
  }
  await platform.catchUp();
  expect(platform.differences()).toEqual([]);
  const stored = rowsOf(platform.storeFile, "SELECT volume FROM finnhub_trades WHERE symbol = 'AAPL'");
  await using api = platform.start(['api']);
  const ask = async (query: string): Promise<Answer> => {
    const reply = await eventually('an answer', () => get(`${platform.workspace.api}/api/v1/candles/AAPL?${query}`));
    return reply.body as Answer;
  };
  for (const interval of ['1m', '5m', '1h', '1d']) {
    const { data: bars } = (await ask(`interval=${interval}`)).data;
    const volumeOf = (rows: readonly { readonly volume?: unknown }[]) =>
      rows.reduce((sum, { volume }) => sum + units(volume), 0n);
    const trades = bars.reduce((sum, bar) => sum + bar.trades, 0);
    expect([interval, trades, volumeOf(bars)]).toEqual([interval, stored.length, volumeOf(stored)]);
    for (const { vwap, low, high } of bars) {
      expect(Number(vwap)).toBeGreaterThanOrEqual(Number(low));
      expect(Number(vwap)).toBeLessThanOrEqual(Number(high));
    }
    // Trades from before the feed began are unknown.
    expect(bars.at(-1)?.complete).toBe(false);
  }
  expect((await ask('interval=2m')).error).toBe('interval: expected one of 1m, 5m, 1h, 1d, got "2m"');
  expect(await api.stop()).toBe(0);
});
