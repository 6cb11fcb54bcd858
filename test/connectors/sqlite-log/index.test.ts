import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Database } from '../../../connectors/shared/sqlite-file/database.ts';
import { sqliteLog } from '../../../connectors/sqlite-log/index.ts';
import { testEnvironment } from '../../../src/testing/environment.ts';
import { logContract } from '../../support/contracts/log-contract.ts';
import { type LogWorld, openSource, processOf } from '../../support/contracts/log-harness.ts';
import { optionsOf } from '../../support/engine/options.ts';

function sqliteWorld(): LogWorld & { readonly path: string } {
  const folder = mkdtempSync(join(tmpdir(), 'fdp-log-'));
  const path = join(folder, 'made', 'log.db');
  return {
    path,
    connector: (clock, options = {}) =>
      sqliteLog.create(optionsOf(sqliteLog, { topic: 'topic', partitions: 3, path, ...options }), {
        ...testEnvironment(clock),
        name: 'ticks',
      }),
    loseEnd: async (partition, records) => {
      const db = new Database(path);
      db.run('UPDATE fdp_partitions SET next = next - ? WHERE partition = ?', records, partition);
      db.run('DELETE FROM fdp_records WHERE partition = ? AND offset >= (SELECT next FROM fdp_partitions)', partition);
      db.close();
    },
    dispose: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

logContract('sqlite_log', async () => sqliteWorld());

describe('sqlite_log of before positions had notes', () => {
  it('keeps its positions, and takes notes from then on', async () => {
    const world = sqliteWorld();
    const process = await processOf(world, { partitions: 1 });
    const first = await openSource(process);
    await process.clock.until(first.lanes[0]?.group?.commit(0, 'lost') ?? Promise.reject());
    await first.source.close();
    const db = new Database(world.path);
    db.exec('ALTER TABLE fdp_positions DROP COLUMN note');
    db.close();
    const second = await openSource(process);
    expect(second.lanes[0]?.group?.start).toEqual({ position: 0 });
    await process.clock.until(second.lanes[0]?.group?.commit(0, 'kept') ?? Promise.reject());
    await second.source.close();
    const third = await openSource(process);
    expect(third.lanes[0]?.group?.start).toEqual({ position: 0, note: 'kept' });
    await third.source.close();
    await world.dispose();
  });
});
