import type { AuditedRow, AuditedState, Revision, TableAudit } from '../../src/kit/audit.ts';
import type { Environment } from '../../src/kit/environment.ts';
import type { AuditedValue } from '../../src/kit/reconciler.ts';
import type { Database, SqlRow } from '../shared/sqlite-file/database.ts';
import { HeldFile } from '../shared/sqlite-file/held-file.ts';
import { reviseRow } from '../shared/table/revise.ts';
import { readStates } from '../shared/table/states.ts';
import { sqlValue } from './insert.ts';
import { marksOf } from './lanes.ts';
import { plainRow } from './rows.ts';
import { fieldSql, hasStates, quoted } from './schema.ts';
import { type SqliteTableOptions, SqliteTableStore } from './store.ts';

/** Rows that are looked up in one turn of the event loop. */
const keysAtOnce = 1000;

/** A table in a SQLite file as `reconcile` reads and repairs it. Ids rise in the order of storing: no row comes late. */
export class SqliteTableAudit implements TableAudit {
  readonly #store: SqliteTableStore;
  readonly #file: HeldFile;
  readonly #options: SqliteTableOptions;
  readonly #environment: Environment;

  constructor(options: SqliteTableOptions, environment: Environment) {
    this.#store = new SqliteTableStore(options, environment);
    this.#file = new HeldFile(`${options.definition.name}: the table`, options.path, environment);
    this.#options = options;
    this.#environment = environment;
  }

  async connect(signal: AbortSignal): Promise<void> {
    await this.#store.open(signal);
    await this.#file.open(signal);
  }

  async scan(after: string | undefined, limit: number): Promise<readonly AuditedRow[]> {
    await this.#environment.clock.turn();
    return this.#file.opened.read((db) => this.#after(db, after, limit));
  }

  async since(after: string | undefined): Promise<readonly AuditedRow[]> {
    return this.sinceNow(after);
  }

  sinceNow(after: string | undefined): readonly AuditedRow[] {
    return this.#file.opened.read((db) => this.#after(db, after, -1));
  }

  async rows(keys: readonly AuditedValue[]): Promise<ReadonlyMap<AuditedValue, AuditedState>> {
    const { definition } = this.#options;
    const found = new Map<AuditedValue, AuditedState>();
    for (let start = 0; start < keys.length; start += keysAtOnce) {
      if (start > 0) await this.#environment.clock.turn();
      this.#file.opened.read((db) => {
        const sql = `${this.#select(db)} WHERE ${fieldSql(definition, definition.unique ?? '_id')} = ?`;
        for (const key of keys.slice(start, start + keysAtOnce)) {
          const row = db.get(sql, sqlValue(key));
          if (row) found.set(key, this.#row(row));
        }
      });
    }
    return found;
  }

  revise(key: AuditedValue, revision: Revision, signal: AbortSignal): Promise<void> {
    return reviseRow(this.#store, key, { revision, signal });
  }

  async whyRowsAreMissing(): Promise<string | undefined> {
    const { table, definition } = this.#options;
    if (definition.expireMs !== undefined) return 'its rows expire';
    const removed = this.#file.opened.read((db) => db.get('SELECT 1 FROM fdp_removed WHERE name = ? LIMIT 1', table));
    return removed && 'its oldest rows were removed (`keep` or `max_size`)';
  }

  async close(): Promise<void> {
    await this.#file.close();
    await this.#store.close();
  }

  /** @param limit -1 for all of them */
  #after(db: Database, after: string | undefined, limit: number): readonly AuditedRow[] {
    const rows = db.all(`${this.#select(db)} WHERE _id > ? ORDER BY _id LIMIT ?`, Number(after ?? 0), limit);
    return rows.map((row) => this.#row(row));
  }

  #select(db: Database): string {
    const { table } = this.#options;
    const columns = `_id, _lane, _offset, _index, _marks${hasStates(db, table) ? ', _states' : ''}`;
    const { fields } = this.#options.definition;
    const declared = fields ? Object.keys(fields).map(quoted) : ['_doc'];
    return `SELECT ${[columns, ...declared].join(', ')} FROM ${quoted(table)}`;
  }

  #row(row: SqlRow): AuditedRow {
    const { _id, ...values } = plainRow(this.#options.definition, row);
    const origin = {
      lane: String(row['_lane'] ?? ''),
      offset: Number(row['_offset'] ?? -1),
      index: Number(row['_index'] ?? 0),
    };
    return {
      ...{ id: String(_id), values: values as AuditedState['values'], origin },
      ...{ marks: marksOf(row), states: readStates(row['_states']) },
    };
  }
}
