import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { describe, expect, it } from 'vitest';
import { eventually, Process, temporaryFolder } from '../support/cli/platform.ts';
import { blockNamed } from '../support/docs/blocks.ts';

const example = blockNamed('docs/aggregate.md', 'aggregate').text;
const total = 3000;

/** A price or volume of the simulated market in hundred-thousandths. */
const units = (text: unknown) => BigInt(Math.round(Number(text) * 100_000));

function rows(folder: string, sql: string): readonly Readonly<Record<string, unknown>>[] {
  try {
    const db = new DatabaseSync(join(folder, 'store.db'), { readOnly: true });
    try {
      return db.prepare(sql).all() as readonly Readonly<Record<string, unknown>>[];
    } finally {
      db.close();
    }
  } catch {
    return [];
  }
}

const counted = (folder: string) => Number(rows(folder, 'SELECT sum(trades) AS n FROM bars')[0]?.['n'] ?? 0);

describe('aggregate', () => {
  it('makes the bars of the example in the docs, equal to the stored trades, despite kills', async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, 'pipeline.yml');
    // Slow enough that the kills happen while it counts.
    const text = example.replace('rate: max', 'rate: 500/s').replaceAll('path: data/', `path: ${folder.path}/`);
    writeFileSync(path, text);
    const start = (...topologies: string[]) =>
      new Process(['--pipeline', path, ...topologies.flatMap((name) => ['--topology', name])], {});
    await using feed = start('feed');
    for (let kill = 0; kill < 3; kill++) {
      await using bars = start('bars');
      const before = counted(folder.path);
      await eventually('some are counted', async () => counted(folder.path) > before);
      bars.child.kill('SIGKILL');
      await bars.ended;
    }
    await using bars = start('bars');
    await eventually('all are counted', async () => counted(folder.path) === total);
    expect(await feed.ended, feed.output).toBe(0);
    expect(bars.child.exitCode, bars.output).toBeNull();

    const trades = rows(folder.path, 'SELECT symbol, price, volume, time, id, _lane, _offset, _index FROM trades');
    expect(trades).toHaveLength(total);
    for (const bar of rows(folder.path, 'SELECT * FROM bars')) {
      const own = trades.filter(({ symbol }) => symbol === bar['symbol']);
      const ordered = [...own].sort(
        (a, b) =>
          Number(a['time']) - Number(b['time']) ||
          Number(a['_offset']) - Number(b['_offset']) ||
          Number(a['_index']) - Number(b['_index']),
      );
      const prices = own.map(({ price }) => Number(price));
      expect({
        ...bar,
        volume: units(bar['volume']),
        high: Number(bar['high']),
        low: Number(bar['low']),
      }).toMatchObject({
        trades: own.length,
        volume: own.reduce((sum, { volume }) => sum + units(volume), 0n),
        high: Math.max(...prices),
        low: Math.min(...prices),
        open: ordered[0]?.['price'],
        close: ordered.at(-1)?.['price'],
        lastAt: ordered.at(-1)?.['time'],
      });
    }
  });
});
