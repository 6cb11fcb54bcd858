import { reviseRow } from '../../../connectors/shared/table/revise.ts';
import type { AuditedRow, AuditedState, Revision, TableAudit } from '../../kit/audit.ts';
import type { Environment } from '../../kit/environment.ts';
import type { AuditedValue } from '../../kit/reconciler.ts';
import type { MemoryRow, MemorySpace } from './space.ts';
import { type MemoryTableOptions, MemoryTableStore } from './table-store.ts';

/** One table in a memory space as `reconcile` reads and repairs it. */
export class MemoryTableAudit implements TableAudit {
  readonly #store: MemoryTableStore;
  readonly #space: MemorySpace;
  readonly #table: MemoryTableOptions;

  constructor(space: MemorySpace, table: MemoryTableOptions, environment: Environment) {
    this.#store = new MemoryTableStore(space, table, environment);
    this.#space = space;
    this.#table = table;
  }

  connect(): Promise<void> {
    return this.#store.open();
  }

  async scan(after: string | undefined, limit: number): Promise<readonly AuditedRow[]> {
    return this.sinceNow(after).slice(0, limit);
  }

  async since(after: string | undefined): Promise<readonly AuditedRow[]> {
    return this.sinceNow(after);
  }

  sinceNow(after: string | undefined): readonly AuditedRow[] {
    const rows = [...(this.#space.tables.get(this.#table.name)?.rows.values() ?? [])].map(auditedRow);
    return rows.filter(({ id }) => Number(id) > Number(after ?? 0)).sort((a, b) => Number(a.id) - Number(b.id));
  }

  async rows(keys: readonly AuditedValue[]): Promise<ReadonlyMap<AuditedValue, AuditedState>> {
    const { unique = '' } = this.#store.definition;
    const wanted = new Set(keys);
    const found = this.sinceNow(undefined).map((row) => [row.values[unique] ?? null, row] as const);
    return new Map(found.filter(([key]) => wanted.has(key)));
  }

  revise(key: AuditedValue, revision: Revision, signal: AbortSignal): Promise<void> {
    return reviseRow(this.#store, key, { revision, signal });
  }

  async whyRowsAreMissing(): Promise<string | undefined> {
    if (this.#store.definition.expireMs !== undefined) return 'its rows expire';
    const { size = 0 } = this.#space.tables.get(this.#table.name)?.removedTo ?? {};
    return size > 0 ? 'its oldest rows were removed (`keep` or `max_size`)' : undefined;
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}

function auditedRow({ id, lane, offset, index, values, marks, states }: MemoryRow): AuditedRow {
  return { id: String(id), origin: { lane, offset, index }, values, marks, states };
}
