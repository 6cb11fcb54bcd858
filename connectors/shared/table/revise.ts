import type { Revision } from '../../../src/kit/audit.ts';
import type { AuditedValue } from '../../../src/kit/reconciler.ts';
import type { TableStore } from './store.ts';

/** Changes one row as `TableAudit.revise` does, by the step in which changes are merged. */
export async function reviseRow(
  store: Pick<TableStore, 'merge'>,
  key: AuditedValue,
  { revision, signal }: { readonly revision: Revision; readonly signal: AbortSignal },
): Promise<void> {
  const change = (_key: AuditedValue, row: Parameters<Revision>[0]) =>
    ({ row: revision(row), moves: () => ({}), leftOut: true, isRevision: true }) as const;
  const error = (await store.merge([key], change, signal)).get(key);
  if (error) throw error;
}
