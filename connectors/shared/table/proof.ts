import type { Message } from '../../../src/kit/message.ts';
import { type Coordinates, coordinatesOf, type Proof } from '../../../src/kit/origin.ts';
import type { Receipt } from '../../../src/kit/sink.ts';
import type { TableDefinition } from './definition.ts';
import type { MessageChange } from './fold.ts';
import { isAbove, type MarkTuple } from './store.ts';
import { type StoredValue, storableRow } from './values.ts';

/** True when a stored row is permanent and can be found again. */
function keepsRows({ unique, expireMs }: TableDefinition): boolean {
  return unique !== undefined && expireMs === undefined;
}

/** The last row of a write that was stored now; if there is none, the last one known from the same record. */
export function rowProof(
  definition: TableDefinition,
  messages: readonly Message[],
  { known, failed }: { known: ReadonlyMap<number, Coordinates>; failed: ReadonlyMap<number, Error> },
): Proof | undefined {
  if (!keepsRows(definition)) return undefined;
  let found: Message | undefined;
  for (let index = messages.length - 1; index >= 0; index--) {
    const message = messages[index];
    if (!message || failed.has(index)) continue;
    const first = known.get(index);
    if (first && !isSame(first, coordinatesOf(message))) continue;
    if (!first) return proofOf(message, storableRow(definition, message.value)[definition.unique ?? ''] ?? null);
    found ??= message;
  }
  return found && proofOf(found, storableRow(definition, found.value)[definition.unique ?? ''] ?? null);
}

/** The row of a write that was changed last, by its last message. */
export function counterProof(
  definition: TableDefinition,
  rows: ReadonlyMap<StoredValue, readonly MessageChange[]>,
  failed: ReadonlyMap<number, Error>,
): Proof | undefined {
  if (!keepsRows(definition)) return undefined;
  for (const [key, changes] of [...rows].reverse()) {
    const last = changes.findLast(({ index }) => !failed.has(index));
    if (last) return proofOf(last.message, key);
  }
  return undefined;
}

/** The receipt of a write. */
export function receipt(done: Omit<Receipt, 'proof'>, proof: Proof | undefined): Receipt {
  return proof ? { ...done, proof } : done;
}

/**
 * Whether a counter's row lacks a message that it had counted. False if the lane's mark was reset: nothing is known
 * then.
 */
export function isMissing(mark: MarkTuple | undefined, counted: readonly [offset: number, index: number]): boolean {
  const isForgotten = mark !== undefined && mark[0] < 0;
  return !isForgotten && isAbove(counted, mark);
}

function proofOf(message: Message, key: StoredValue): Proof {
  const { offset, index } = coordinatesOf(message);
  return { key, offset, index };
}

function isSame(a: Coordinates, b: Coordinates): boolean {
  return a.lane === b.lane && a.offset === b.offset && a.index === b.index;
}
