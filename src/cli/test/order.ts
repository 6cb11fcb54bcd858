import type { Message } from '../../kit/message.ts';
import type { MergeOperation } from '../../kit/row.ts';
import type { SourceRange } from '../../pipeline/read/source.ts';
import type { Stored } from '../../simulate/world.ts';
import type { Failure } from './failure.ts';
import { jsonLine } from './texts.ts';

interface Order {
  readonly range: SourceRange;
  readonly by: string;
}

/**
 * Messages that share a field must have reached each ordered sink in the order of their lane. What is written again after a crash, or
 * because its confirmation was lost, was in order before.
 */
export function orderFailures({ range, by }: Order, stored: readonly Stored[]): readonly Failure[] {
  const highest = new Map<string, readonly [number, number]>();
  const seen = new Set<string>();
  let judged = 0;
  for (const { branch, isOrdered, message } of stored) {
    const value = isOrdered ? fieldOf(message, by) : undefined;
    if (value === undefined) continue;
    judged++;
    const lane = JSON.stringify([branch, message.meta.lane, value]);
    const position = positionOf(message);
    const identity = `${lane} ${position.join()}`;
    if (seen.has(identity)) continue;
    if (message.meta.offset !== undefined) seen.add(identity);
    const before = highest.get(lane);
    if (before && isBelow(position, before)) {
      const text = `order: ${branch} got ${by} ${jsonLine(value)} out of order`;
      const at = ([offset, index]: readonly [number, number]) => `offset ${offset}, index ${index}`;
      return [{ range, text, diff: [`- after ${at(before)}: a later one`, `+ ${at(position)}`] }];
    }
    highest.set(lane, position);
  }
  if (judged > 0) return [];
  return [{ range, text: `order: no message with the field ${by} reached an ordered sink`, diff: [] }];
}

/** The field of a row or of the row that an operation changes; `key` is that of the message where there is no such field. */
function fieldOf({ key, value }: Message, by: string): unknown {
  const own = by === 'key' ? (key ?? undefined) : undefined;
  if (typeof value !== 'object' || value === null) return own;
  const { merge } = value as Partial<MergeOperation>;
  const fields: Readonly<Record<string, unknown>> = { ...value, ...merge?.by };
  return fields[by] ?? own;
}

/** Of a source without offsets: when it came. */
function positionOf({ meta, timestamp }: Message): readonly [number, number] {
  return [meta.offset ?? timestamp, meta.index ?? 0];
}

function isBelow([offset, index]: readonly [number, number], [other, otherIndex]: readonly [number, number]): boolean {
  return offset < other || (offset === other && index < otherIndex);
}
