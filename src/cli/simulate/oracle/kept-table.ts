import type { MemoryTable } from '../../../simulate/memory/space.ts';
import type { Twin } from '../../../simulate/twins.ts';

/** A table at the end of a run. */
export interface KeptTable {
  /** The types of its fields; undefined: it takes all. */
  readonly fields: Readonly<Record<string, string>> | undefined;
  /** The field that tells rows apart; undefined: rows are compared as they are. */
  readonly unique: string | undefined;
  readonly rows: Pick<MemoryTable, 'rows' | 'byKey' | 'nextId'>;
}

const empty: KeptTable['rows'] = { rows: new Map(), byKey: new Map(), nextId: 1 };

/** Undefined for what is no table. */
export function keptTable(twin: Twin | undefined): KeptTable | undefined {
  if (twin?.kind !== 'table') return undefined;
  const { name, definition } = twin.table;
  return { fields: definition.fields, unique: definition.unique, rows: twin.space.tables.get(name) ?? empty };
}

/** Tells the first of several with the same unique value: by the number of its row, since a day has more than a million. */
export class FirstOfKey {
  readonly #rows: KeptTable['rows'];
  readonly #taken: Uint8Array;
  readonly #others = new Set<unknown>();

  constructor({ rows }: KeptTable) {
    this.#rows = rows;
    this.#taken = new Uint8Array(rows.nextId);
  }

  /** Whether it is the first with this value. */
  take(key: unknown): boolean {
    const id = this.#rows.byKey.get(key);
    if (id === undefined) return !this.#others.has(key) && this.#others.add(key) !== undefined;
    if (this.#taken[id] === 1) return false;
    this.#taken[id] = 1;
    return true;
  }

  /** Whether a row was taken. */
  has(id: number): boolean {
    return this.#taken[id] === 1;
  }
}
