import type { AuditedState } from '../../../src/kit/audit.ts';
import type { AuditedValue, Difference } from '../../../src/kit/reconciler.ts';
import type { MergeShape } from '../../../src/kit/row.ts';
import type { TableDefinition } from '../table/definition.ts';
import type { RowRecount } from './recount.ts';

export type DifferentFields = Difference['fields'];

/** The fields in which a row differs from its totals. A field of which no message says anything is left as it is, unless it counts. */
export function differentFields(shape: MergeShape, { row, totals }: RowRecount): DifferentFields {
  const fields: Record<string, DifferentFields[string]> = {};
  for (const [field, kind] of Object.entries(shape.fields)) {
    const isAmount = kind === 'count' || kind === 'sum';
    const total = totals.value(field);
    const stored = row?.values[field] ?? null;
    const zero = typeof stored === 'string' ? '0' : 0;
    const recomputed = total ?? (isAmount ? zero : stored);
    const isSame = recomputed === stored || (total === undefined && stored === null);
    if (!isSame) fields[field] = { stored, recomputed };
  }
  return fields;
}

/** The row as it should be: with the fields that differ, and all that is kept beside those that are folded. */
export function correctedRow(
  { unique = '' }: TableDefinition,
  recount: RowRecount,
  fields: DifferentFields,
): AuditedState {
  const { row, key, totals, marks } = recount;
  const values: Record<string, AuditedValue> = { ...(row?.values ?? { [unique]: key }) };
  const states: Record<string, AuditedState['states'][string]> = { ...row?.states };
  for (const [field, { recomputed }] of Object.entries(fields)) {
    values[field] = recomputed;
    const state = totals.state(field);
    if (state === undefined) delete states[field];
    else states[field] = state;
  }
  return { values, states, marks };
}

/** What has most likely made the row differ, in one line. */
export function likelyCause(shape: MergeShape, { row, foreign, lost }: RowRecount, fields: DifferentFields): string {
  if (row === undefined) return 'the row is missing: it was removed, or its table was emptied or restored';
  if (lost > 0) return `${lost} messages were passed over: the row was removed or restored after they were counted`;
  const counts = Object.entries(fields).filter(([field]) => ['count', 'sum'].includes(shape.fields[field] ?? ''));
  const isMore = counts.some(([, { stored, recomputed }]) => Number(stored) > Number(recomputed));
  const isLess = counts.some(([, { stored, recomputed }]) => Number(stored) < Number(recomputed));
  if (foreign > 0 && isMore) return 'another program counted messages again that it read again';
  if (foreign > 0 && isLess)
    return 'rows of another program are not counted by fdp, and that program had not counted them all';
  if (Object.keys(row.marks).length === 0) return 'the row was written by another program';
  if (isMore) return 'the row was changed by another program, or stored rows were removed by hand';
  if (isLess)
    return 'the row was removed, restored or changed by another program, or refused messages (`dead-letters list`)';
  return 'the row was changed by another program';
}
