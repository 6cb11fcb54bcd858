import { describe } from 'vitest';
import { memoryWorld, sqliteWorld } from '../../../support/contracts/candle-tables.ts';
import { reconcileCases } from '../../../support/contracts/reconcile-cases.ts';

describe('reconciling tables in memory', () =>
  reconcileCases(
    async () => memoryWorld('table'),
    (table) => ({ table }),
    30,
  ));
describe('reconciling tables of SQLite', () =>
  reconcileCases(
    async () => sqliteWorld('table'),
    (table) => ({ table }),
    20,
  ));
