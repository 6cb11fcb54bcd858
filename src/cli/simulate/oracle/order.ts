import type { Message } from '../../../kit/message.ts';
import type { MergeOperation } from '../../../kit/row.ts';
import type { Stored } from '../../../simulate/world.ts';

/** More messages than any record has. */
const perRecord = 100_000;

/**
 * Whether messages of one symbol reach each ordered sink in the order of the log. What is written again, after a crash, a restored
 * store or a lost confirmation, was in order before, and what follows it may be new: what was refused then, and is not now.
 */
export class OrderWatch {
  readonly violations: string[] = [];
  /** By branch, lane and symbol: to join the three for each message takes longer than all else here. */
  readonly #seen = new Map<unknown, Map<unknown, Map<unknown, Seen>>>();
  #judged = 0;

  get judged(): number {
    return this.#judged;
  }

  take({ branch, isOrdered, message }: Stored): void {
    const { offset, index = 0, lane } = message.meta;
    if (!isOrdered || offset === undefined) return;
    const symbol = symbolOf(message);
    const ofBranch = this.#seen.get(branch) ?? added(this.#seen, branch, new Map());
    const ofLane = ofBranch.get(lane) ?? added(ofBranch, lane, new Map());
    const seen = ofLane.get(symbol) ?? added(ofLane, symbol, new Seen());
    this.#judged++;
    if (!seen.take(offset * perRecord + index))
      this.violations.push(`${branch}: ${symbol} at offset ${offset}, index ${index}, comes after a later one`);
  }
}

function added<T>(all: Map<unknown, T>, name: unknown, made: T): T {
  all.set(name, made);
  return made;
}

/** The positions of one symbol in one lane: those that came in order as one sorted list of doubles, for millions of them. */
class Seen {
  #sorted = new Float64Array(64);
  #length = 0;
  readonly #late = new Set<number>();
  #last = -1;

  /** False for one that comes after a later one, and had not come before. */
  take(position: number): boolean {
    const before = this.#last;
    this.#last = position;
    const highest = this.#length === 0 ? -1 : (this.#sorted[this.#length - 1] as number);
    if (position > highest) {
      this.#add(position);
      return true;
    }
    if (position === highest || this.#late.has(position) || this.#has(position)) return true;
    this.#late.add(position);
    return position > before;
  }

  #add(position: number): void {
    if (this.#length === this.#sorted.length) {
      const longer = new Float64Array(this.#length * 2);
      longer.set(this.#sorted);
      this.#sorted = longer;
    }
    this.#sorted[this.#length++] = position;
  }

  #has(position: number): boolean {
    let [low, high] = [0, this.#length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#sorted[middle] as number) < position) low = middle + 1;
      else high = middle;
    }
    return this.#sorted[low] === position && low < this.#length;
  }
}

const nothing = {};

function symbolOf({ key, value }: Message): unknown {
  if (typeof value !== 'object' || value === null) return key;
  const { merge } = value as Partial<MergeOperation>;
  const fields = value as Readonly<Record<string, unknown>>;
  const by: Readonly<Record<string, unknown>> = merge?.by ?? nothing;
  return by['symbol'] ?? fields['symbol'] ?? by['key'] ?? fields['key'] ?? key;
}
