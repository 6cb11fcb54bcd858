import type { Database } from '../shared/sqlite-file/database.ts';
import type { TableDefinition } from '../shared/table/definition.ts';
import type { LaneOffset } from '../shared/table/store.ts';
import { planTrim, trimWindow } from '../shared/table/trim.ts';
import { quoted } from './schema.ts';

/** Up to which offset and index of a lane rows were removed. */
export function removedTo(db: Database, table: string, lane: string): LaneOffset | undefined {
  const row = db.get('SELECT offset, place FROM fdp_removed WHERE name = ? AND lane = ?', table, lane);
  return row && [Number(row['offset']), Number(row['place'])];
}

/** One step of retention: removes the oldest rows beyond the limits; returns how many. Runs in a transaction. */
export function trimTable(db: Database, table: string, definition: TableDefinition, now: number): number {
  const sql = `SELECT _id, _lane, _offset, _index, _at FROM ${quoted(table)} ORDER BY _id LIMIT ${trimWindow}`;
  const oldest = db.lists(sql).map(([id, lane, offset, index, at]) => ({
    ...{ id: Number(id), lane: String(lane), at: Number(at) },
    ...{ offset: Number(offset), index: Number(index) },
  }));
  const plan = planTrim(definition, oldest, { now, heldBytes: heldBytes(db) });
  const last = plan.rows.at(-1);
  if (!last) return 0;
  db.run(`DELETE FROM ${quoted(table)} WHERE _id <= ?`, last.id);
  const remember = `INSERT INTO fdp_removed (name, lane, offset, place) VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET offset = excluded.offset, place = excluded.place
    WHERE (excluded.offset, excluded.place) > (offset, place)`;
  for (const [lane, [offset, index]] of plan.removedTo) db.run(remember, table, lane, offset, index);
  return plan.rows.length;
}

/** The size of the content of the file, without free pages. */
function heldBytes(db: Database): number {
  const of = (name: string) => Number(db.get(`PRAGMA ${name}`)?.[name]);
  return (of('page_count') - of('freelist_count')) * of('page_size');
}
