import type { AuditedRow, AuditedState, TableAudit } from '../../../src/kit/audit.ts';
import type { AuditedValue } from '../../../src/kit/reconciler.ts';
import { isAbove } from '../table/store.ts';

type Mark = AuditedState['marks'][string];

/** Rows of the checked table that are read at once. */
const pageRows = 2000;

/** All rows of a table, in the order of storing. */
export async function* allRows(audit: TableAudit, signal: AbortSignal): AsyncGenerator<AuditedRow> {
  for (let last: string | undefined; ; ) {
    const page = await audit.scan(last, pageRows, signal);
    yield* page;
    last = page.at(-1)?.id;
    if (last === undefined) return;
  }
}

/** The highest mark of each lane over all rows. */
export async function highestMarks(audit: TableAudit, signal: AbortSignal): Promise<ReadonlyMap<string, Mark>> {
  const highest = new Map<string, Mark>();
  for await (const { marks } of allRows(audit, signal))
    for (const [lane, mark] of Object.entries(marks)) if (isAbove(mark, highest.get(lane))) highest.set(lane, mark);
  return highest;
}

/** Up to which offset of each lane everything has been counted: counters are worked in order, up to `underWay` messages at a time. */
export function boundsOf(highest: ReadonlyMap<string, Mark>, underWay: number): ReadonlyMap<string, number> {
  return new Map([...highest].map(([lane, [offset]]) => [lane, offset - underWay]));
}

/** The order in which ranges of keys are worked off: any that is always the same. */
export function compareKeys(a: AuditedValue, b: AuditedValue): number {
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : Number(a > b);
  return typeof a === typeof b ? Number(a) - Number(b) : typeof a < typeof b ? -1 : 1;
}
