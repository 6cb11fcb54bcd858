import type { Coordinates } from '../../../src/kit/origin.ts';
import type { TableDefinition } from './definition.ts';
import { expireStep, isAbove, type LaneOffset } from './store.ts';

/** Rows that a step examines. */
export const trimWindow = 2 * expireStep;

/** A row as retention sees it, in the order of storing. */
export interface StoredRow extends Coordinates {
  readonly id: number;
  /** When it was stored, Unix ms. */
  readonly at: number;
}

/**
 * Which of the oldest rows to remove, at most one step, and up to where that is in each lane. `oldest` are `trimWindow`
 * rows, or all: a smaller table is not trimmed by size, since something else fills the file.
 */
export function planTrim(
  { keepMs = Number.POSITIVE_INFINITY, maxBytes = Number.POSITIVE_INFINITY }: TableDefinition,
  oldest: readonly StoredRow[],
  { now, heldBytes }: { readonly now: number; readonly heldBytes: number },
): { readonly rows: readonly StoredRow[]; readonly removedTo: ReadonlyMap<string, LaneOffset> } {
  const isFull = heldBytes > maxBytes && oldest.length === trimWindow;
  const young = oldest.findIndex(({ at }) => at >= now - keepMs);
  const rows = oldest.slice(0, isFull || young === -1 ? expireStep : Math.min(young, expireStep));
  const removedTo = new Map<string, LaneOffset>();
  // A message outside a log has no offset, and is never replayed.
  for (const { lane, offset, index } of rows)
    if (offset >= 0 && isAbove([offset, index], removedTo.get(lane))) removedTo.set(lane, [offset, index]);
  return { rows, removedTo };
}
