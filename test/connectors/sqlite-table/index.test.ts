import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Database } from '../../../connectors/shared/sqlite-file/database.ts';
import { readTable } from '../../../connectors/shared/table/definition.ts';
import { sqliteTable } from '../../../connectors/sqlite-table/index.ts';
import { selectSql } from '../../../connectors/sqlite-table/query.ts';
import type { Query } from '../../../src/kit/lookup.ts';
import { VirtualClock } from '../../../src/simulate/virtual-clock.ts';
import { recordingLog, testEnvironment } from '../../../src/testing/environment.ts';
import { tableContract } from '../../support/contracts/table-contract.ts';
import { rowMessage, type TableWorld, TestTable, tradeTable } from '../../support/contracts/table-harness.ts';
import { optionsOf } from '../../support/engine/options.ts';

function sqliteWorld(): TableWorld & { readonly path: string } {
  const folder = mkdtempSync(join(tmpdir(), 'fdp-table-'));
  const path = join(folder, 'store.db');
  const [clock, log] = [new VirtualClock(), recordingLog()];
  return {
    path,
    clock,
    log,
    connector: (options) =>
      sqliteTable.create(optionsOf(sqliteTable, { path, table: 'rows', ...options }), {
        ...testEnvironment(clock),
        log,
        name: 'trades',
      }),
    dispose: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

tableContract('sqlite_table', async () => sqliteWorld());

const { price: _price, ...others } = tradeTable.fields;
const renamed = { ...others, amount: 'decimal' };

describe('sqlite_table', () => {
  let world: ReturnType<typeof sqliteWorld>;
  beforeEach(() => {
    world = sqliteWorld();
  });
  afterEach(() => world.dispose());

  const plan = (query: Partial<Query>): string[] => {
    const select = selectSql('rows', readTable('trades', tradeTable as never), {
      where: {},
      sort: [],
      limit: 10,
      ...query,
    });
    if (!select) throw new Error('no row can match');
    const db = new Database(world.path);
    const rows = db.all(`EXPLAIN QUERY PLAN ${select.sql}`, ...select.values);
    db.close();
    return rows.map(({ detail }) => String(detail));
  };

  it('refuses as many rows as the caller would, without reading them, and returns one less', async () => {
    const table = await TestTable.open(world);
    for (const [index, symbol] of ['A', 'A', 'A', 'B'].entries())
      await table.put({ message_key: String(index), symbol });
    const ask = (limit: number) => table.find({ where: { symbol: 'A' }, sort: [], limit, belowLimit: true });
    expect(await ask(4)).toHaveLength(3);
    await expect(ask(3)).rejects.toMatchObject({ code: 'FDP_RESULT_TOO_LARGE' });
    await table.close();
  });

  it('walks the pages of a symbol along the index: no scan, no sorting', async () => {
    const table = await TestTable.open(world);
    const sort = ['time', '_id'].map((field) => ({ field, descending: true }));
    const index = 'SEARCH rows USING INDEX fdp_rows_by_symbol_-time_-_id';
    const where = { symbol: 'A' };
    expect(plan({ where, sort, limit: 16 })).toEqual([`${index} (symbol=?)`]);
    expect(plan({ where, sort, limit: 16, after: { value: 5 } })).toEqual([`${index} (symbol=? AND time<?)`]);
    expect(plan({ where, sort, limit: 16, after: { value: 5, id: '7' } })).toEqual([`${index} (symbol=? AND time<?)`]);
    const ranges = [{ field: 'time', from: 1, to: 9 }];
    for (const page of [{}, { after: { value: 5 } }, { after: { value: 5, id: '7' } }])
      expect(plan({ where, ranges, sort, limit: 16, ...page })).toEqual([`${index} (symbol=? AND time>? AND time<?)`]);
    await table.close();
  });

  it.each([
    ['another field', { ...tradeTable, fields: renamed }],
    ['another type', { ...tradeTable, fields: { ...tradeTable.fields, time: 'string' } }],
    ['another unique field', { ...tradeTable, unique: 'symbol' }],
    ['no unique field', { fields: tradeTable.fields }],
    ['no fields', { unique: 'message_key' }],
  ])('refuses a table that was made with %s', async (_what, options) => {
    const table = await TestTable.open(world);
    await table.write([rowMessage({ message_key: 'a' })]);
    await table.close();
    await expect(TestTable.open(world, options)).rejects.toMatchObject({
      code: 'FDP_STORE_DIFFERS',
      message: expect.stringMatching(/^trades: .*store\.db: .*declare it as it was/),
    });
    const again = await TestTable.open(world, { ...tradeTable, indexes: [['symbol'], ['-time']] });
    expect(await again.find()).toHaveLength(1);
    await again.close();
  });

  it('adds fields that were declared since to a table of an older version, and keeps its rows', async () => {
    const table = await TestTable.open(world);
    await table.write([rowMessage({ message_key: 'a', symbol: 'A', time: 5 })]);
    await table.close();
    const fields = { ...tradeTable.fields, conditions: 'strings', received: 'date' };
    const again = await TestTable.open(world, { ...tradeTable, fields });
    const row = { message_key: 'b', symbol: 'A', time: 6, conditions: ['1', '8'], received: 7 };
    await again.write([rowMessage(row), rowMessage({ message_key: 'a', conditions: ['9'] })]);
    expect(await again.find()).toMatchObject([{ message_key: 'a', time: 5, conditions: null, received: null }, row]);
    await again.close();
  });

  it('will not show an integer beyond 2^53 as a wrong one', async () => {
    const table = await TestTable.open(world);
    await table.write([rowMessage({ message_key: 'a', size: 1 })]);
    const db = new Database(world.path);
    db.exec('UPDATE rows SET size = 9007199254740993');
    db.close();
    await expect(table.find()).rejects.toMatchObject({ code: 'FDP_MESSAGE_UNREADABLE', fault: 'permanent' });
    await table.close();
  });

  it('reports at once that the store is gone', async () => {
    const table = await TestTable.open(world);
    await world.clock.advance(2000);
    rmSync(world.path);
    await expect(table.find()).rejects.toMatchObject({ code: 'FDP_STORE_GONE' });
    await expect(table.write([rowMessage({ message_key: 'a' })])).rejects.toMatchObject({ code: 'FDP_STORE_GONE' });
    await table.close();
  });
});

describe('sqlite_table options', () => {
  it('reports names that are not declared, and names that are kept', () => {
    const found: string[] = [];
    const options = {
      ...tradeTable,
      fields: { a: 'string', _b: 'string' },
      unique: 'c',
      indexes: [['a', '-_id'], ['-d']],
    };
    sqliteTable.check?.(options, (path, text) => found.push(`${path.join('.')}: ${text}`));
    expect(found).toEqual([
      'fields._b: expected a name that does not begin with `_`, got "_b"',
      'unique: expected one of a, _b, got "c"',
      'indexes.1.0: expected _id or one of a, _b, got "d"',
    ]);
  });
});
