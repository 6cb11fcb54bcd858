import { describe, expect, it } from 'vitest';
import { Database } from '../../../connectors/shared/sqlite-file/database.ts';
import { readTable } from '../../../connectors/shared/table/definition.ts';
import type { NewRow } from '../../../connectors/shared/table/store.ts';
import { TableInsert } from '../../../connectors/sqlite-table/insert.ts';
import { createTable } from '../../../connectors/sqlite-table/schema.ts';

const definition = readTable('rows', { fields: { name: 'string' }, unique: 'name' });

function rows(from: number, to: number): NewRow[] {
  return Array.from({ length: to - from }, (_unused, index) => ({
    values: { name: `row ${from + index}` },
    coordinates: { lane: 'l', offset: from + index, index: 0 },
  }));
}

describe('inserting rows', () => {
  it('stores each row once, and returns the origins of known ones, however many come at once', () => {
    const db = new Database(':memory:');
    createTable(db, 'rows', definition);
    const insert = new TableInsert('rows', definition);
    const run = (given: readonly NewRow[]) => insert.run(db, given, 0);
    db.exec('BEGIN');
    expect(run(rows(30, 75)).size).toBe(0);
    const again = [...rows(0, 100), ...rows(5, 6)];
    const known = run(again);
    expect(again.map((_row, index) => known.get(index)?.offset)).toEqual(
      again.map(({ coordinates: { offset } }, index) =>
        (offset >= 30 && offset < 75) || index === 100 ? offset : undefined,
      ),
    );
    db.exec('COMMIT');
    expect(db.get('SELECT count(*) AS n, count(DISTINCT _offset) AS d FROM rows')).toEqual({ n: 100, d: 100 });
    db.close();
  });
});
