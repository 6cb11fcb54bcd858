import type { Clock } from '../../src/kit/clock.ts';
import { parseJson } from '../../src/kit/json.ts';
import type { Mark } from '../../src/kit/sink.ts';
import type { SqlRow } from '../shared/sqlite-file/database.ts';
import type { HeldFile } from '../shared/sqlite-file/held-file.ts';
import { isAbove, type Marks, type MarkTuple, markOf } from '../shared/table/store.ts';
import { quoted } from './schema.ts';

/** Rows whose marks or origins are read at once: no index has the lanes. */
const rowsAtOnce = 2000;

/** The highest mark of a lane over all rows; none that was forgotten. */
export async function highestMark(
  file: HeldFile,
  table: string,
  lane: string,
  clock: Clock,
): Promise<Mark | undefined> {
  const sql = `SELECT _id, _marks FROM ${quoted(table)} WHERE _id > ? AND _marks IS NOT NULL ORDER BY _id LIMIT ${rowsAtOnce}`;
  let highest: MarkTuple | undefined;
  for (let last = 0; ; ) {
    const rows = file.opened.read((db) => db.all(sql, last));
    for (const row of rows) {
      const mark = marksOf(row)[lane];
      if (mark && isAbove(mark, highest)) highest = mark;
    }
    if (rows.length < rowsAtOnce) return markOf(highest);
    last = Number(rows.at(-1)?.['_id']);
    await clock.turn();
  }
}

/** The offset of the row of a lane that was stored last. */
export async function newestOffset(
  file: HeldFile,
  table: string,
  lane: string,
  clock: Clock,
): Promise<number | undefined> {
  const columns = `SELECT _id, _lane, _offset FROM ${quoted(table)}`;
  const sql = `${columns} WHERE _id < ? ORDER BY _id DESC LIMIT ${rowsAtOnce}`;
  for (let before = Number.MAX_SAFE_INTEGER; ; ) {
    const rows = file.opened.read((db) => db.all(sql, before));
    const found = rows.find((row) => row['_lane'] === lane);
    if (found) return Number(found['_offset']);
    if (rows.length < rowsAtOnce) return undefined;
    before = Number(rows.at(-1)?.['_id']);
    await clock.turn();
  }
}

/** What a row has counted of each lane. */
export function marksOf(row: SqlRow): Marks {
  return readMarks(row['_marks']);
}

/** The same, of the text of its column. */
export function readMarks(text: unknown): Marks {
  return typeof text === 'string' ? (parseJson(text) as Marks) : {};
}
