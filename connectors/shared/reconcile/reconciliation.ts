import type { AuditedValue } from '../../../src/kit/reconciler.ts';
import { Range } from './range.ts';
import { Settlement } from './settlement.ts';
import type { Reconcilable, ReconcileOptions } from './subject.ts';

export interface Reconciled {
  /** Rows that were compared, those that are missing among them. */
  readonly rows: number;
  /** Messages that were read, and count in one of them. */
  readonly messages: number;
  /** Of these, those on their way: stored, and not counted yet. */
  readonly ahead: number;
  readonly differences: number;
  /** Of these, those that are still there. */
  readonly left: number;
  /** Why messages that were counted may be missing; rows that hold more than was found are then not called different. */
  readonly partial: string | undefined;
}

const mostRows = 100_000;

/**
 * Compares each row of a table that counts with what its messages make it, while it is written: a row is compared with the
 * messages up to its marks, which are read with it in one step; what is above them is on its way. A row that differs is
 * recomputed a second time before it is reported, and repaired on the condition that its marks are still those. Memory is
 * bounded: the keys are worked off in ranges of `maxRows`, smallest first, each with a pass over all messages.
 * @throws what the stores throw
 */
export async function reconcile(
  subject: Reconcilable,
  options: ReconcileOptions,
  signal: AbortSignal,
): Promise<Reconciled> {
  const missing = await subject.evidence.missing(signal);
  const sums = { rows: 0, messages: 0, ahead: 0, differences: 0, left: 0 };
  for (let above: AuditedValue | undefined; ; ) {
    const range = new Range(subject, { above, maxRows: options.maxRows ?? mostRows });
    const doubts = await range.read(signal);
    sums.rows += range.rows;
    sums.messages += range.messages;
    sums.ahead += range.ahead;
    if (doubts.length > 0) {
      const settlement = new Settlement(subject, { ...options, missing, bounds: range.bounds, ends: range.ends });
      const { differences, left } = await settlement.settle(doubts, signal);
      sums.differences += differences;
      sums.left += left;
    }
    if (range.last === undefined) return { ...sums, partial: missing?.why };
    above = range.last;
  }
}
