import { parseJson } from '../../src/kit/json.ts';
import type { Database, SqlValue } from '../shared/sqlite-file/database.ts';
import type { TableDefinition } from '../shared/table/definition.ts';
import { readStates, statesText } from '../shared/table/states.ts';
import type { RowState } from '../shared/table/store.ts';
import { emptyRow, type StoredValue } from '../shared/table/values.ts';
import { sqlValue } from './insert.ts';
import { readMarks } from './lanes.ts';
import { plainValue } from './rows.ts';
import { addStates, fieldSql, hasStates, quoted } from './schema.ts';

/** A row as it was read. */
export interface FoundRow {
  readonly id: number;
  readonly state: RowState;
}

/** The statements for single rows, written out once: to make their texts takes as long as to run them. */
interface Statements {
  readonly find: string;
  readonly insert: string;
  readonly update: string;
  /** Leaves the columns of indexes as they are: SQLite writes an index anew even if its values are the same. */
  readonly updateUnindexed: string;
}

/** Reads and writes the rows of one table, one by one. Its calls run in a transaction that began with `begin`. */
export class RowMerge {
  readonly #table: string;
  readonly #fields: TableDefinition['fields'];
  readonly #names: readonly string[];
  readonly #unindexed: readonly string[];
  readonly #indexed: readonly string[];
  /** Without and with the column of what rows keep beside their fields. */
  readonly #statements: readonly [Statements, Statements];
  /** A table of changes that need that column not has none: an older fdp can still open it. */
  #hasStates = false;

  constructor(table: string, definition: TableDefinition) {
    const { fields, unique = '', indexes } = definition;
    this.#table = table;
    this.#fields = fields;
    this.#names = Object.keys(fields ?? {});
    const changing = this.#names.filter((name) => name !== unique);
    const isIndexed = (name: string) => indexes.some((index) => index.some(({ field }) => field === name));
    this.#indexed = changing.filter(isIndexed);
    this.#unindexed = changing.filter((name) => !isIndexed(name));
    const by = fieldSql(definition, unique);
    this.#statements = [this.#statementsOf(by, []), this.#statementsOf(by, ['_states'])];
  }

  /** To be called first in each transaction: another process may have changed the table. */
  begin(db: Database): void {
    this.#hasStates = hasStates(db, this.#table);
  }

  find(db: Database, key: StoredValue): FoundRow | undefined {
    const [found] = db.lists(this.#ofNow.find, sqlValue(key));
    if (!found) return undefined;
    const [id = null, marks = null, states = null, ...fields] = found;
    const values = this.#fields ? this.#values(fields) : (parseJson(String(fields[0])) as RowState['values']);
    return { id: Number(id), state: { values, marks: readMarks(marks), states: readStates(states) } };
  }

  /** Writes a row: in place of the one that was found, or a new one. */
  write(db: Database, found: FoundRow | undefined, { values, marks, states }: RowState, now: number): void {
    const kept = statesText(states);
    if (kept !== null && !this.#hasStates) {
      addStates(db, this.#table);
      this.#hasStates = true;
    }
    const { insert, update, updateUnindexed } = this.#ofNow;
    const own = [now, JSON.stringify(marks), ...(this.#hasStates ? [kept] : [])];
    if (!this.#fields) own.push(JSON.stringify(values));
    const columns = (names: readonly string[]) => names.map((name) => sqlValue(values[name] ?? null));
    if (!found) db.run(insert, ...own, ...columns(this.#names));
    else if (this.#indexed.every((name) => (values[name] ?? null) === (found.state.values[name] ?? null)))
      db.run(updateUnindexed, ...own, ...columns(this.#unindexed), found.id);
    else db.run(update, ...own, ...columns(this.#unindexed), ...columns(this.#indexed), found.id);
  }

  get #ofNow(): Statements {
    return this.#statements[this.#hasStates ? 1 : 0];
  }

  #values(columns: readonly SqlValue[]): RowState['values'] {
    const values: Record<string, StoredValue> = { ...emptyRow(this.#fields) };
    for (let at = 0; at < this.#names.length; at++) {
      const name = this.#names[at] as string;
      values[name] = plainValue(this.#fields?.[name], columns[at] ?? null) as StoredValue;
    }
    return values;
  }

  /** @param states the column of what rows keep beside their fields, if there is one */
  #statementsOf(unique: string, states: readonly string[]): Statements {
    const table = quoted(this.#table);
    const own = ['_at', '_marks', ...states, ...(this.#fields ? [] : ['_doc'])];
    const inserted = [...own, ...this.#names, '_lane', '_offset', '_index'];
    const places = [...own, ...this.#names].map(() => '?').join(', ');
    const read = [states[0] ?? 'NULL', ...(this.#fields ? this.#names.map(quoted) : ['_doc'])];
    const update = (columns: readonly string[]) =>
      `UPDATE ${table} SET ${columns.map((column) => `${quoted(column)} = ?`).join(', ')} WHERE _id = ?`;
    return {
      find: `SELECT _id, _marks, ${read.join(', ')} FROM ${table} WHERE ${unique} = ?`,
      insert: `INSERT INTO ${table} (${inserted.map(quoted).join(', ')}) VALUES (${places}, '', -1, 0)`,
      update: update([...own, ...this.#unindexed, ...this.#indexed]),
      updateUnindexed: update([...own, ...this.#unindexed]),
    };
  }
}
