import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'vitest';
import { sqliteTable } from '../../../../connectors/sqlite-table/index.ts';
import { createMemorySpace } from '../../../../src/simulate/memory/space.ts';
import { memoryTable } from '../../../../src/simulate/memory-table.ts';
import { VirtualClock } from '../../../../src/simulate/virtual-clock.ts';
import { recordingLog, testEnvironment } from '../../../../src/testing/environment.ts';
import { reconcileCases } from '../../../support/contracts/reconcile-cases.ts';
import type { TableWorld } from '../../../support/contracts/table-harness.ts';
import { optionsOf } from '../../../support/engine/options.ts';

async function memoryWorld(): Promise<TableWorld> {
  const [space, clock, log] = [createMemorySpace(), new VirtualClock(), recordingLog()];
  return {
    clock,
    log,
    connector: (options) =>
      memoryTable.create(optionsOf(memoryTable, { space: space.name, ...options }), {
        ...{ ...testEnvironment(clock), log, name: 'table' },
      }),
    dispose: async () => space.dispose(),
  };
}

async function sqliteWorld(): Promise<TableWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'fdp-reconcile-'));
  const [clock, log] = [new VirtualClock(), recordingLog()];
  return {
    clock,
    log,
    connector: (options) =>
      sqliteTable.create(optionsOf(sqliteTable, { path: join(folder, 'store.db'), ...options }), {
        ...{ ...testEnvironment(clock), log, name: 'table' },
      }),
    dispose: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

describe('reconciling tables in memory', () => reconcileCases(memoryWorld, (table) => ({ table }), 30));
describe('reconciling tables of SQLite', () => reconcileCases(sqliteWorld, (table) => ({ table }), 20));
