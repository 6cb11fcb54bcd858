import type { AuditedState } from '../../../src/kit/audit.ts';
import type { AuditedValue } from '../../../src/kit/reconciler.ts';
import { isAbove } from '../table/store.ts';
import type { Contribution } from './evidence.ts';
import { RowTotals } from './totals.ts';

type Marks = AuditedState['marks'];
type MarkOf = Marks[string];

/** Up to which offset of each lane everything has been counted for good: what lies there and is above a row's mark is lost. */
export type Bounds = ReadonlyMap<string, number>;

/**
 * One row while it is recomputed: what its marks say it has counted, and beside that what it should have counted by now.
 * What is above its marks is on its way to it; with `holding` it is kept, so that the row can be followed while it changes.
 */
export class RowRecount {
  readonly key: AuditedValue;
  readonly totals = new RowTotals();
  /** The row that the totals are for. */
  row: AuditedState | undefined;
  /** Messages that count in this row. */
  taken = 0;
  /** Messages that were stored by a program other than fdp, or came from no log. */
  foreign = 0;
  /** Messages above its marks that it should have counted. */
  lost = 0;
  /** Messages above its marks. */
  ahead = 0;
  /** A message that it had not counted when too many were held was left out: it can't be followed any more. */
  isStuck = false;
  /** Lanes whose last counted message is there. As `#raised`, made when first needed: there are 100,000 of these. */
  #found: Set<string> | undefined;
  #raised: Map<string, MarkOf> | undefined;
  readonly #held: Map<string, Contribution> | undefined;
  readonly #bounds: Bounds;

  constructor(key: AuditedValue, row: AuditedState | undefined, options: { bounds: Bounds; holding: boolean }) {
    this.key = key;
    this.row = row;
    this.#bounds = options.bounds;
    this.#held = options.holding ? new Map() : undefined;
  }

  get held(): number {
    return this.#held?.size ?? 0;
  }

  get heldLanes(): readonly string[] {
    return [...(this.#held?.values() ?? [])].map(({ origin }) => origin.lane);
  }

  /** The marks that the row has once it has counted what is lost. */
  get marks(): Marks {
    return { ...this.row?.marks, ...Object.fromEntries(this.#raised ?? []) };
  }

  /** A lane whose last counted message is not there: rows were removed, or the store of the messages is older than this one. */
  get unfoundLane(): string | undefined {
    const marks = Object.entries(this.row?.marks ?? {});
    return marks.find(([lane, mark]) => isOfMessage(mark) && !this.#found?.has(lane))?.[0];
  }

  take(one: Contribution): void {
    this.taken++;
    const { lane, offset, index } = one.origin;
    if (offset < 0) {
      this.foreign++;
      this.totals.add(one.steps);
      return;
    }
    const mark = this.row?.marks[lane];
    if (mark && offset === mark[0] && index === Math.floor(mark[1])) {
      this.#found ??= new Set();
      this.#found.add(lane);
    }
    if (!isAbove([offset, index], mark)) this.totals.add(one.steps);
    else if (offset <= (this.#bounds.get(lane) ?? -1)) this.#takeLost(one);
    else if (this.#held) this.#held.set(one.id, one);
    else this.ahead++;
  }

  /** As `take`, of what may have been given before. */
  takeLate(one: Contribution): void {
    const { lane, offset, index } = one.origin;
    const isKnown = offset < 0 || !isAbove([offset, index], this.marks[lane]) || this.#held?.has(one.id);
    if (!isKnown) this.take(one);
  }

  /** What was held and not counted is let go: from now on only the row as it is now can be compared. */
  letGo(): void {
    this.isStuck ||= this.held > 0;
    this.ahead += this.held;
    this.#held?.clear();
  }

  /** The row is this by now: takes in what it has counted since. False when it can't be followed to there. */
  follow(row: AuditedState | undefined): boolean {
    const before = this.row?.marks ?? {};
    const isBack = Object.entries(before).some(([lane, mark]) => {
      const now = row?.marks[lane];
      return now === undefined || isAbove(mark, now);
    });
    const moved = Object.entries(row?.marks ?? {}).filter(([lane, mark]) => isAbove(mark, before[lane]));
    if (isBack || (moved.length > 0 && this.isStuck)) return false;
    this.row = row;
    for (const [lane, mark] of moved) if (mark[0] !== before[lane]?.[0]) this.#found?.delete(lane);
    if (moved.length === 0) return true;
    for (const [lane, mark] of [...(this.#raised ?? [])])
      if (!isAbove(mark, row?.marks[lane])) this.#raised?.delete(lane);
    const held = [...(this.#held ?? [])];
    this.#held?.clear();
    for (const [, one] of held) this.take(one);
    return true;
  }

  #takeLost(one: Contribution): void {
    const { lane, offset, index } = one.origin;
    this.lost++;
    this.totals.add(one.steps);
    const mark = [offset, index, one.timestamp, one.recordKey] as const;
    if (!isAbove(mark, this.#raised?.get(lane))) return;
    this.#raised ??= new Map();
    this.#raised.set(lane, mark);
  }
}

/** Not one that was lowered: such a mark names no message, or all of a record. */
function isOfMessage([offset, index]: MarkOf): boolean {
  return offset >= 0 && index < 2 ** 31 - 1;
}
