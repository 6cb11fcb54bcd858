import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Database } from '../../connectors/sqlite/database.ts';
import { sqliteLog } from '../../connectors/sqlite-log.ts';
import { testEnvironment } from '../support/environment.ts';
import { logContract } from '../support/log-contract.ts';
import type { LogWorld } from '../support/log-harness.ts';
import { optionsOf } from '../support/options.ts';

function sqliteWorld(): LogWorld {
  const folder = mkdtempSync(join(tmpdir(), 'fdp-log-'));
  const path = join(folder, 'made', 'log.db');
  return {
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
