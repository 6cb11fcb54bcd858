import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sqliteTable } from '../../../connectors/sqlite-table/index.ts';
import { createMemorySpace } from '../../../src/simulate/memory/space.ts';
import { memoryTable } from '../../../src/simulate/memory-table.ts';
import { VirtualClock } from '../../../src/simulate/virtual-clock.ts';
import { recordingLog, testEnvironment } from '../../../src/testing/environment.ts';
import { optionsOf } from '../engine/options.ts';
import type { TableWorld } from './table-harness.ts';

/** The table that `candles` writes to. */
export const candleTable = {
  fields: {
    ...{ key: 'string', symbol: 'string', interval: 'string', start: 'date' },
    ...{ open: 'decimal', high: 'decimal', low: 'decimal', close: 'decimal' },
    ...{ volume: 'decimal', turnover: 'decimal', counted_volume: 'decimal', trades: 'int64', late_trades: 'int64' },
    ...{ first_at: 'date', last_at: 'date' },
  },
  unique: 'key',
  indexes: [['symbol', 'interval', '-start']],
};

/** A table in memory, on a virtual clock. */
export function memoryWorld(name = 'candles'): TableWorld {
  const [space, clock, log] = [createMemorySpace(), new VirtualClock(), recordingLog()];
  return {
    clock,
    log,
    connector: (options) =>
      memoryTable.create(optionsOf(memoryTable, { space: space.name, ...options }), {
        ...{ ...testEnvironment(clock), log, name },
      }),
    dispose: async () => space.dispose(),
  };
}

/** A table in its own SQLite file, on a virtual clock. */
export function sqliteWorld(name = 'candles'): TableWorld {
  const folder = mkdtempSync(join(tmpdir(), `fdp-${name}-`));
  const [clock, log] = [new VirtualClock(), recordingLog()];
  return {
    clock,
    log,
    connector: (options) =>
      sqliteTable.create(optionsOf(sqliteTable, { path: join(folder, 'store.db'), table: name, ...options }), {
        ...{ ...testEnvironment(clock), log, name },
      }),
    dispose: async () => rmSync(folder, { recursive: true, force: true }),
  };
}
