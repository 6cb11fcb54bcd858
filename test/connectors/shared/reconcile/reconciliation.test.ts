import { describe } from 'vitest';
import { sized } from '../../../support/cli/faults.ts';
import { memoryWorld, sqliteWorld } from '../../../support/contracts/candle-tables.ts';
import { reconcileCases } from '../../../support/contracts/reconcile-cases.ts';

describe('reconciling tables in memory', () =>
  reconcileCases(
    async () => memoryWorld('table'),
    (table) => ({ table }),
    sized({ full: 30, fast: 15 }),
  ));
describe('reconciling tables of SQLite', () =>
  reconcileCases(
    async () => sqliteWorld('table'),
    (table) => ({ table }),
    sized({ full: 20, fast: 10 }),
  ));
