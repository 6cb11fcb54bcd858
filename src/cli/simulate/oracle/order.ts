import type { Message } from '../../../kit/message.ts';
import type { MergeOperation } from '../../../kit/row.ts';
import type { Stored } from '../../../simulate/world.ts';

/** More messages than any record has. */
const perRecord = 100_000;

/**
 * Whether messages of one symbol reach each ordered sink in the order of the log. What is written again, after a crash or a lost
 * confirmation, was in order before.
 */
export class OrderWatch {
  readonly violations: string[] = [];
  readonly #seen = new Map<string, { highest: number; readonly positions: Set<number> }>();
  #judged = 0;

  get judged(): number {
    return this.#judged;
  }

  take({ branch, isOrdered, message }: Stored): void {
    const { offset, index = 0, lane } = message.meta;
    if (!isOrdered || offset === undefined) return;
    const name = `${branch} ${lane} ${symbolOf(message)}`;
    const seen = this.#seen.get(name) ?? { highest: -1, positions: new Set<number>() };
    this.#seen.set(name, seen);
    this.#judged++;
    const position = offset * perRecord + index;
    if (position < seen.highest && !seen.positions.has(position))
      this.violations.push(
        `${branch}: ${symbolOf(message)} at offset ${offset}, index ${index}, comes after a later one`,
      );
    seen.positions.add(position);
    seen.highest = Math.max(seen.highest, position);
  }
}

function symbolOf({ key, value }: Message): unknown {
  if (typeof value !== 'object' || value === null) return key;
  const { merge } = value as Partial<MergeOperation>;
  const fields: Readonly<Record<string, unknown>> = { ...value, ...merge?.by };
  return fields['symbol'] ?? fields['key'] ?? key;
}
