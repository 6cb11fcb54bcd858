import { FdpError } from '../../../src/errors.ts';
import {
  addDecimals,
  compareDecimals,
  type Decimal,
  decimalText,
  fitsStores,
  formatDecimal,
  parseDecimal,
} from '../../../src/kit/decimal.ts';
import type { FoldKind } from '../../../src/kit/row.ts';
import { amount, compareDated, isAlike } from './combine.ts';
import type { TableDefinition } from './definition.ts';
import { type Order, type Step, tooLong } from './steps.ts';
import type { FieldState, Marks, Move, RowState } from './store.ts';
import { emptyRow, type StoredValue, storedValue, wrongType } from './values.ts';

/** The new value of a field: undefined leaves it unchanged, a decimal is a sum that is written out at the end. */
type Result = StoredValue | Decimal | undefined;

/** A row while changes are folded into it. */
export class RowDraft {
  readonly #definition: TableDefinition;
  readonly #before: RowState | undefined;
  readonly #values: Record<string, StoredValue>;
  /** Made when a step has one: most rows keep nothing beside their fields. */
  #states: Record<string, FieldState> | undefined;
  #sums: Map<string, Decimal> | undefined;
  /** One message's steps of each form: those that one operator makes have the same. */
  readonly #forms: (readonly Step[])[] = [];
  readonly #results: Result[] = [];

  constructor(definition: TableDefinition, before: RowState | undefined, key: StoredValue) {
    this.#definition = definition;
    this.#before = before;
    this.#values = before ? { ...before.values } : { ...emptyRow(definition.fields) };
    if (!before) this.#values[definition.unique ?? ''] = key;
  }

  /** Applies all of a message's steps, or throws and applies none. @throws FDP_MESSAGE_REFUSED */
  take(steps: readonly Step[]): void {
    for (let at = 0; at < steps.length; at++) this.#results[at] = this.#result(steps[at] as Step);
    for (let at = 0; at < steps.length; at++) this.#set(steps[at] as Step, this.#results[at]);
    if (!this.#forms.some((form) => isAlike(form, steps))) this.#forms.push(steps);
  }

  /** The row with all applied changes. */
  finish(marks: Marks): RowState {
    for (const [field, total] of this.#sums ?? []) {
      const text = formatDecimal(total);
      const isDecimal = this.#typeOf(field) === 'decimal';
      this.#values[field] = isDecimal ? text : Number(text);
      if (!isDecimal) this.#setState(field, text);
    }
    return { values: this.#values, marks, states: this.#states ?? this.#before?.states ?? {} };
  }

  #result(step: Step): Result {
    switch (step.kind) {
      case 'count':
        return step.type === 'decimal' ? this.#sum(step) : this.#count(step);
      case 'sum':
        return step.type === 'int64' ? this.#count(step) : this.#sum(step);
      case 'highest':
        return this.#isBeyond(step, 1) ? step.value : undefined;
      case 'lowest':
        return this.#isBeyond(step, -1) ? step.value : undefined;
      case 'first':
        return this.#isOrdered(step, -1) ? step.value : undefined;
      case 'last':
        return this.#isOrdered(step, 1) ? step.value : undefined;
      case 'set_on_insert':
        return (this.#values[step.field] ?? null) === null ? step.value : undefined;
    }
  }

  #set({ field, order }: Step, result: Result): void {
    if (result === undefined) return;
    if (order) this.#setState(field, order);
    if (typeof result !== 'object' || result === null) this.#values[field] = result;
    else {
      this.#sums ??= new Map();
      this.#sums.set(field, result);
    }
  }

  #setState(field: string, state: FieldState): void {
    this.#states ??= { ...this.#before?.states };
    this.#states[field] = state;
  }

  #stateOf(field: string): FieldState | undefined {
    return (this.#states ?? this.#before?.states)?.[field];
  }

  /** Adds to an integer: exact as long as both numbers, and the sum, fit the column. */
  #count({ field, type, value }: Step): number {
    const grown = this.#number(field, 0) + Number(value);
    if (storedValue(type, grown) === undefined) throw this.#beyond(field, String(grown));
    return grown;
  }

  #sum({ field, type, value }: Step): Decimal {
    const total = addDecimals(this.#sums?.get(field) ?? this.#total(field, type), amount(value));
    if (!fitsStores(total)) throw tooLong(this.#definition, field, formatDecimal(total));
    if (type === 'double' && !Number.isFinite(Number(formatDecimal(total))))
      throw this.#beyond(field, formatDecimal(total));
    return total;
  }

  /**
   * The start of a sum. A double's exact sum is kept beside it, and is valid until another program changes the double.
   */
  #total(field: string, type: Step['type']): Decimal {
    if (type === 'decimal') return this.#decimal(field) ?? { units: 0, scale: 0 };
    const shown = this.#number(field, 0);
    const exact = this.#stateOf(field);
    return typeof exact === 'string' && Number(exact) === shown ? parseDecimal(exact) : amount(shown);
  }

  #isBeyond({ field, type, value }: Step, direction: 1 | -1): boolean {
    if ((this.#values[field] ?? null) === null) return true;
    if (type !== 'decimal') return direction * (Number(value) - this.#number(field, 0)) > 0;
    const now = this.#decimal(field);
    return now === undefined || direction * compareDecimals(amount(value), now) > 0;
  }

  /** A value without a stored order was written by another program, and is replaced. */
  #isOrdered({ field, value, order }: Step, direction: 1 | -1): boolean {
    const now = this.#stateOf(field);
    if (!order || !Array.isArray(now)) return true;
    return direction * compareDated(order, value, [now as Order, this.#values[field] ?? null]) > 0;
  }

  /** @throws FDP_MESSAGE_REFUSED if another program has stored a value of another type */
  #number(field: string, otherwise: number): number {
    const value = this.#values[field] ?? otherwise;
    if (typeof value === 'number') return value;
    throw wrongType(this.#definition, field, value);
  }

  #decimal(field: string): Decimal | undefined {
    const value = this.#values[field] ?? null;
    if (value === null) return undefined;
    const text = typeof value === 'boolean' ? undefined : decimalText(value);
    if (text === undefined) throw wrongType(this.#definition, field, value);
    return parseDecimal(text);
  }

  #typeOf(field: string): string {
    return this.#definition.fields?.[field] ?? 'double';
  }

  #beyond(field: string, text: string): FdpError {
    const { name } = this.#definition;
    const type = this.#typeOf(field);
    const limit = type === 'int64' ? 'within 2^53' : 'that the field can hold';
    return new FdpError('FDP_MESSAGE_REFUSED', `${name}: ${field}: expected a sum ${limit} (${type}), got ${text}`);
  }

  /** The fields that a store may increment even if others have changed them since they were read; of a finished row. */
  moves(): Readonly<Record<string, Move>> {
    const moves: Record<string, Move> = {};
    for (const [field, kind] of this.#kinds()) {
      const before = this.#before?.values[field] ?? null;
      const after = this.#values[field] ?? null;
      if (before === null || after === before) continue;
      if (kind === 'highest') moves[field] = { raise: after };
      else if (kind === 'lowest') moves[field] = { lower: after };
      else if (kind === 'count' || kind === 'sum') {
        const by = this.#stepBetween(field, before, after);
        if (by !== undefined) moves[field] = { add: by };
      }
    }
    return moves;
  }

  /** What each field was changed by; undefined when by several. */
  #kinds(): ReadonlyMap<string, FoldKind | undefined> {
    const kinds = new Map<string, FoldKind | undefined>();
    for (const { field, kind } of this.#forms.flat())
      kinds.set(field, kinds.has(field) && kinds.get(field) !== kind ? undefined : kind);
    return kinds;
  }

  /** Undefined if adding is not exact, or comes near the limit of the field. */
  #stepBetween(field: string, before: StoredValue, after: StoredValue): number | undefined {
    const type = this.#typeOf(field);
    const isSafe = (value: StoredValue): value is number =>
      Number.isInteger(value) && Math.abs(Number(value)) < safeSum;
    const isPlain = (type === 'int64' || type === 'double') && this.#stateOf(field) === undefined;
    return isPlain && isSafe(before) && isSafe(after) ? after - before : undefined;
  }
}

/** Well below 2^53, which concurrent additions don't reach. */
const safeSum = 2 ** 52;
