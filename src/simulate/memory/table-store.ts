import type { TableDefinition } from '../../../connectors/shared/table/definition.ts';
import {
  expireStep,
  type Inserted,
  isAbove,
  type Marks,
  type MarkTuple,
  markOf,
  type NewRow,
  type Retention,
  type RowChange,
  type TableReader,
  type TableStore,
} from '../../../connectors/shared/table/store.ts';
import { planTrim, trimWindow } from '../../../connectors/shared/table/trim.ts';
import { type StoredValue, storableRow, withLists } from '../../../connectors/shared/table/values.ts';
import { FdpError } from '../../errors.ts';
import type { Environment } from '../../kit/environment.ts';
import type { Query } from '../../kit/lookup.ts';
import type { Coordinates } from '../../kit/origin.ts';
import type { Row } from '../../kit/row.ts';
import type { Mark } from '../../kit/sink.ts';
import { matching } from './query.ts';
import type { MemoryHook, MemoryRow, MemorySpace, MemoryTable } from './space.ts';

/** Shared by all rows that nothing was folded into: there may be a million. */
const noState = { marks: Object.freeze({}), states: Object.freeze({}) };
/** The origin of a row that was not made from a log message. */
const foreign = { lane: '', offset: -1, index: 0 };

export interface MemoryTableOptions {
  readonly name: string;
  readonly definition: TableDefinition;
}

/** One table in a memory space, as one role sees it. */
export class MemoryTableStore implements TableStore<NewRow['values']>, TableReader {
  readonly definition: TableDefinition;
  readonly insertsAtOnce = 2;
  readonly retention: Retention = {
    expire: () => this.#expire(),
    trim: () => this.#trim(),
    removedTo: async (lane) => this.#opened.removedTo.get(lane),
  };
  readonly #space: MemorySpace;
  readonly #name: string;
  readonly #environment: Environment;
  #generation = -1;
  #table: MemoryTable | undefined;

  constructor(space: MemorySpace, table: MemoryTableOptions, environment: Environment) {
    this.definition = table.definition;
    this.#space = space;
    this.#name = table.name;
    this.#environment = environment;
  }

  async open(): Promise<void> {
    this.#generation = this.#space.generation;
    this.#table = this.#space.tables.get(this.#name) ?? {
      nextId: 1,
      rows: new Map(),
      byKey: new Map(),
      removedTo: new Map(),
      bytes: 0,
    };
    this.#space.tables.set(this.#name, this.#table);
  }

  kept(value: unknown): NewRow['values'] {
    return storableRow(this.definition, value);
  }

  insert(rows: readonly NewRow[], signal: AbortSignal): Promise<Inserted> {
    return this.#step('insert', signal, (table) => {
      const known = new Map<number, Coordinates>();
      for (const [index, { values, coordinates }] of rows.entries()) {
        const first = this.#find(table, this.#keyOf(values));
        if (first) known.set(index, { lane: first.lane, offset: first.offset, index: first.index });
        else if (wasRemoved(table, coordinates)) known.set(index, coordinates);
        else this.#put(table, table.nextId++, { values, ...noState, ...coordinates });
      }
      return { known, failed: new Map() };
    });
  }

  put(values: NewRow['values'], signal: AbortSignal): Promise<void> {
    return this.#step('merge', signal, (table) => {
      const before = this.#find(table, this.#keyOf(values));
      this.#put(table, before?.id ?? table.nextId++, { ...(before ?? foreign), values, ...noState });
    });
  }

  merge(
    keys: readonly StoredValue[],
    change: RowChange,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<StoredValue, Error>> {
    return this.#step('merge', signal, (table) => {
      for (const key of keys) {
        const before = this.#find(table, key);
        const { row } = change(key, before && { ...before, values: this.#complete(before.values) });
        if (row) this.#put(table, before?.id ?? table.nextId++, { ...(before ?? foreign), ...row });
      }
      return new Map();
    });
  }

  async mark(lane: string): Promise<Mark | undefined> {
    let highest: MarkTuple | undefined;
    for (const row of this.#opened.rows.values()) {
      const mark = row.marks[lane];
      if (mark && isAbove(mark, highest)) highest = mark;
    }
    return markOf(highest);
  }

  async marks(keys: readonly StoredValue[]): Promise<ReadonlyMap<StoredValue, Marks>> {
    const marks = new Map<StoredValue, Marks>();
    for (const key of keys) {
      const row = this.#find(this.#opened, key);
      if (row) marks.set(key, row.marks);
    }
    return marks;
  }

  async missing(keys: readonly StoredValue[]): Promise<ReadonlySet<StoredValue>> {
    return new Set(keys.filter((key) => !this.#find(this.#opened, key)));
  }

  async newest(lane: string): Promise<number | undefined> {
    return [...this.#opened.rows.values()].findLast((row) => row.lane === lane)?.offset;
  }

  async forget(lane: string, to: MarkTuple): Promise<void> {
    const { rows } = this.#opened;
    for (const [id, row] of rows) {
      const mark = row.marks[lane];
      if (mark && isAbove(mark, to)) rows.set(id, { ...row, marks: { ...row.marks, [lane]: to } });
    }
  }

  async find(query: Query): Promise<readonly Row[]> {
    const { skip = 0, limit } = query;
    const given = matching(this.#opened.rows.values(), this.definition, query).slice(skip, skip + limit);
    return given.map((row) => withLists(this.definition, { ...this.#complete(row.values), _id: String(row.id) }));
  }

  #expire(): Promise<number> {
    return this.#step('trim', new AbortController().signal, (table) => {
      const before = this.#environment.clock.now() - (this.definition.expireMs ?? Number.POSITIVE_INFINITY);
      const expired = [...table.rows.values()].filter((row) => row.at < before).slice(0, expireStep);
      for (const row of expired) this.#remove(table, row);
      return expired.length;
    });
  }

  #trim(): Promise<number> {
    return this.#step('trim', new AbortController().signal, (table) => {
      // Ids only grow, and a row keeps its position when it is changed: the oldest rows are the first.
      const oldest: MemoryRow[] = [];
      for (const row of table.rows.values()) if (oldest.push(row) === trimWindow) break;
      const plan = planTrim(this.definition, oldest, { now: this.#environment.clock.now(), heldBytes: table.bytes });
      for (const { id } of plan.rows) this.#remove(table, table.rows.get(id));
      for (const [lane, end] of plan.removedTo)
        if (isAbove(end, table.removedTo.get(lane))) table.removedTo.set(lane, end);
      return plan.rows.length;
    });
  }

  async close(): Promise<void> {
    this.#table = undefined;
  }

  get #opened(): MemoryTable {
    if (this.#table && this.#generation === this.#space.generation) return this.#table;
    throw new FdpError('FDP_CLOSED', `${this.definition.name}: the table is closed`);
  }

  /** One atomic step between the space's hooks. */
  async #step<T>(name: Parameters<MemoryHook>[0], signal: AbortSignal, work: (table: MemoryTable) => T): Promise<T> {
    await this.#space.beforeWrite?.(name);
    if (signal.aborted) throw new FdpError('FDP_CLOSED', `${this.definition.name}: the write was cancelled`);
    const result = work(this.#opened);
    await this.#space.afterWrite?.(name);
    return result;
  }

  #keyOf(values: Readonly<Record<string, StoredValue>>): StoredValue | undefined {
    return this.definition.unique === undefined ? undefined : values[this.definition.unique];
  }

  #find(table: MemoryTable, key: StoredValue | undefined): MemoryRow | undefined {
    const id = key === undefined ? undefined : table.byKey.get(key);
    return id === undefined ? undefined : table.rows.get(id);
  }

  #put(table: MemoryTable, id: number, row: Omit<MemoryRow, 'id' | 'at'>): void {
    const { values, marks, states, lane, offset, index } = row;
    if (this.definition.maxBytes !== undefined) table.bytes += this.#bytesOf(row) - this.#bytesOf(table.rows.get(id));
    // Written out: an object that is spread takes three times the memory, and this one is kept.
    table.rows.set(id, { values, marks, states, lane, offset, index, id, at: this.#environment.clock.now() });
    const key = this.#keyOf(values);
    if (key !== undefined) table.byKey.set(key, id);
  }

  #remove(table: MemoryTable, row: MemoryRow | undefined): void {
    if (!row) return;
    table.bytes -= this.#bytesOf(row);
    table.rows.delete(row.id);
    table.byKey.delete(this.#keyOf(row.values));
  }

  /** Only a table with a size has to know it. */
  #bytesOf(row: Pick<MemoryRow, 'values'> | undefined): number {
    if (!row || this.definition.maxBytes === undefined) return 0;
    let bytes = 0;
    for (const name in row.values) bytes += name.length + bytesOfValue(row.values[name]);
    return bytes;
  }

  #complete(values: Readonly<Record<string, StoredValue>>): Readonly<Record<string, StoredValue>> {
    const { fields } = this.definition;
    if (!fields) return values;
    return Object.fromEntries(Object.keys(fields).map((field) => [field, values[field] ?? null]));
  }
}

/** With what JSON puts around it, about. */
function bytesOfValue(value: StoredValue | undefined): number {
  return 6 + (typeof value === 'string' ? value.length : 8);
}

function wasRemoved({ removedTo }: MemoryTable, { lane, offset, index }: Coordinates): boolean {
  const last = removedTo.get(lane);
  return offset >= 0 && last !== undefined && !isAbove([offset, index], last);
}
