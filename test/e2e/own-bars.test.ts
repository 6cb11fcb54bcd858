import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { pipelineCopy } from '../support/cli/pipeline-copy.ts';
import { eventually, freePort, Process, temporaryFolder } from '../support/cli/platform.ts';
import { units } from '../support/cli/recomputed-bars.ts';
import { logOf } from '../support/cli/stored.ts';
import { get, LineReader, workspaceIn } from '../support/cli/workspace.ts';
import { blockNamed } from '../support/docs/blocks.ts';

interface Bar {
  readonly start: string;
  readonly low: string;
  readonly high: string;
  readonly vwap: string;
}

interface Line {
  readonly time: string;
  readonly symbol: string;
  readonly price: number;
  readonly vwap: number;
}

interface Trade {
  readonly s: string;
  readonly p: number;
  readonly t: number;
  readonly v: number;
}

const day = 86_400_000;
const nameOf = ({ time, symbol, price }: Omit<Line, 'vwap'>) => `${symbol} ${price} ${time}`;

/** The VWAP of the day after each trade of the log; several values where trades have the same time and price. */
function sessionVwaps(folder: string): ReadonlyMap<string, readonly number[]> {
  const sums = new Map<string, { amount: bigint; volume: bigint }>();
  const vwaps = new Map<string, number[]>();
  for (const { value } of logOf(folder))
    for (const { s, p, t, v } of (JSON.parse(value).data ?? []) as readonly Trade[]) {
      const session = `${s} ${Math.floor(t / day)}`;
      const { amount, volume } = sums.get(session) ?? { amount: 0n, volume: 0n };
      const sum = { amount: amount + units(p) * units(v), volume: volume + units(v) };
      sums.set(session, sum);
      const name = nameOf({ symbol: s, price: p, time: new Date(t).toISOString() });
      vwaps.set(name, [...(vwaps.get(name) ?? []), Number(sum.amount / sum.volume) / 1e9]);
    }
  return vwaps;
}

it('bars of 15 s and the VWAP of a session are made by the YAML of the docs alone, across a restart', async () => {
  using folder = temporaryFolder();
  const data = join(folder.path, 'data');
  const routes = `    routes:\n${blockNamed('docs/market-data.md', 'own route').text}`;
  const pipeline = pipelineCopy(folder.path, ['    routes:\n', routes], ['rate: 50/s', 'rate: 200/s']);
  writeFileSync(join(dirname(pipeline), 'topologies', 'mine.yml'), blockNamed('docs/market-data.md', 'own bars').text);
  const { env, api } = await workspaceIn(data);
  const port = await freePort();
  const start = () => new Process(['--pipeline', pipeline], { ...env, SESSION_PORT: String(port) });
  const barsOf = async () => {
    const answer = await get(`${api}/api/v1/fast_candles/AAPL?interval=15s&limit=1000`);
    return (answer?.body['data'] as { readonly data: readonly Bar[] } | undefined)?.data ?? [];
  };
  for (const bars of [2, 3]) {
    await using platform = start();
    using feed = new LineReader(port);
    const found = await eventually('bars', async () => {
      const all = await barsOf();
      return all.length >= bars && feed.lines.length > 300 && all;
    }).catch((error) => {
      throw new Error(`${error.message}\n${platform.output}`);
    });
    for (const { vwap, low, high, start: begins } of found) {
      expect(units(vwap) >= units(low) && units(vwap) <= units(high)).toBe(true);
      expect(Date.parse(begins) % 15_000).toBe(0);
    }
    expect(await platform.stop(), platform.output).toBe(0);
    const vwaps = sessionVwaps(data);
    const wrong = feed.lines
      .map((line) => JSON.parse(line) as Line)
      .filter((line) => !vwaps.get(nameOf(line))?.some((vwap) => Math.abs(vwap - line.vwap) < 2e-9));
    expect(wrong.slice(0, 5)).toEqual([]);
  }
});
