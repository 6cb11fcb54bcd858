import type { Row } from '../../../kit/row.ts';
import type { MemoryRow, MemoryTable } from '../../../simulate/memory/space.ts';
import type { Twin } from '../../../simulate/twins.ts';

const empty: Pick<MemoryTable, 'rows' | 'byKey' | 'nextId'> = { rows: new Map(), byKey: new Map(), nextId: 1 };

/** A table at the end of a run. */
export class KeptTable {
  /** The types of its fields; undefined: it takes all. */
  readonly fields: Readonly<Record<string, string>> | undefined;
  /** The field that tells rows apart; undefined: rows are compared as they are. */
  readonly unique: string | undefined;
  readonly #kept: typeof empty;
  #lastKey: unknown;
  #lastId = 0;

  constructor({ table: { name, definition }, space }: Extract<Twin, { kind: 'table' }>) {
    this.fields = definition.fields;
    this.unique = definition.unique;
    this.#kept = space.tables.get(name) ?? empty;
  }

  get rows(): ReadonlyMap<number, MemoryRow> {
    return this.#kept.rows;
  }

  /** More than the number of any row. */
  get nextId(): number {
    return this.#kept.nextId;
  }

  /** The number of the row with this unique value, 0 if there is none. Whoever looks at a trade asks, one after the other. */
  idOf(key: unknown): number {
    if (key === this.#lastKey) return this.#lastId;
    this.#lastKey = key;
    this.#lastId = this.#kept.byKey.get(key) ?? 0;
    return this.#lastId;
  }
}

const tables = new WeakMap<Twin, KeptTable>();

/** The table of a twin, one for all who look at it; undefined for what is no table. */
export function keptTable(twin: Twin | undefined): KeptTable | undefined {
  if (twin?.kind !== 'table') return undefined;
  const table = tables.get(twin) ?? new KeptTable(twin);
  tables.set(twin, table);
  return table;
}

/** Whether a trade is the first with its unique value: each is, where no field tells rows apart. */
export function firstsOf(table: KeptTable | undefined): (fields: Row) => boolean {
  const unique = table?.unique;
  if (!table || unique === undefined) return () => true;
  const first = new FirstOfKey(table);
  return (fields) => first.take(fields[unique]);
}

/** Tells the first of several with the same unique value: by the number of its row, since a day has more than a million. */
export class FirstOfKey {
  readonly #table: KeptTable;
  readonly #taken: Uint8Array;
  readonly #others = new Set<unknown>();

  constructor(table: KeptTable) {
    this.#table = table;
    this.#taken = new Uint8Array(table.nextId);
  }

  /** Whether it is the first with this value. */
  take(key: unknown): boolean {
    const id = this.#table.idOf(key);
    if (id === 0) return !this.#others.has(key) && this.#others.add(key) !== undefined;
    if (this.#taken[id] === 1) return false;
    this.#taken[id] = 1;
    return true;
  }

  /** Whether a row was taken. */
  has(id: number): boolean {
    return this.#taken[id] === 1;
  }
}
