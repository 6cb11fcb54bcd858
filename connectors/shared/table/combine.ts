import {
  addDecimals,
  compareDecimals,
  type Decimal,
  decimalText,
  formatDecimal,
  parseDecimal,
} from '../../../src/kit/decimal.ts';
import type { Order, Step } from './steps.ts';
import type { StoredValue } from './values.ts';

/** Whether both change the same fields in the same ways. */
export function isAlike(steps: readonly Step[], others: readonly Step[]): boolean {
  if (steps.length !== others.length) return false;
  for (let at = 0; at < steps.length; at++) {
    const [one, other] = [steps[at] as Step, others[at] as Step];
    if (one.field !== other.field || one.kind !== other.kind || one.type !== other.type) return false;
  }
  return true;
}

/** Which of two values comes first: by order; equal messages without a log position in any deterministic order. */
export function compareDated(order: Order, value: StoredValue, other: readonly [Order, StoredValue]): number {
  return compareOrders(order, other[0]) || compare(JSON.stringify(value), JSON.stringify(other[1]));
}

/** A number of a step, exactly. */
export function amount(value: StoredValue): Decimal {
  return parseDecimal(typeof value === 'number' ? (decimalText(value) ?? '0') : String(value));
}

/** The change of a row that does exactly what several changes of it do, one after the other. */
export class CombinedSteps {
  /** The steps of one of them: those of all are alike. */
  readonly #form: readonly Step[];
  readonly #values: StoredValue[];
  /** What orders the values, if any is ordered. */
  readonly #orders: (Order | undefined)[] | undefined;
  /** Sums that are no integers, written out at the end. */
  #sums: (Decimal | undefined)[] | undefined;

  constructor(form: readonly Step[], steps: readonly Step[]) {
    this.#form = form;
    this.#values = steps.map(({ value }) => value);
    this.#orders = steps.some(({ order }) => order) ? steps.map(({ order }) => order) : undefined;
  }

  get steps(): readonly Step[] {
    return this.#form.map(({ field, kind, type }, at) => {
      const sum = this.#sums?.[at];
      const value = sum ? formatDecimal(sum) : (this.#values[at] ?? null);
      return { field, kind, type, value, order: this.#orders?.[at] };
    });
  }

  /** Adds steps of the same form. */
  add(later: readonly Step[]): void {
    for (let at = 0; at < later.length; at++) {
      const step = later[at] as Step;
      if (step.kind === 'count' || step.kind === 'sum') this.#sum(step, at);
      else if (isPreferred(step, this.#values[at] ?? null, this.#orders?.[at])) {
        this.#values[at] = step.value;
        if (this.#orders) this.#orders[at] = step.order;
      }
    }
  }

  #sum({ value: more }: Step, at: number): void {
    const [value, sum] = [this.#values[at] ?? null, this.#sums?.[at]];
    const plain = !sum && typeof value === 'number' && typeof more === 'number' ? value + more : Number.NaN;
    if (Number.isSafeInteger(value) && Number.isSafeInteger(more) && Number.isSafeInteger(plain)) {
      this.#values[at] = plain;
      return;
    }
    this.#sums ??= this.#form.map(() => undefined);
    this.#sums[at] = addDecimals(sum ?? amount(value), amount(more));
  }
}

/** Whether a later value takes the place of an earlier one. */
function isPreferred(later: Step, value: StoredValue, order: Order | undefined): boolean {
  switch (later.kind) {
    case 'highest':
      return compareAmounts(later, value) > 0;
    case 'lowest':
      return compareAmounts(later, value) < 0;
    case 'first':
      return compareOrdered(later, value, order) < 0;
    case 'last':
      return compareOrdered(later, value, order) > 0;
    default:
      return false;
  }
}

function compareAmounts({ type, value }: Step, other: StoredValue): number {
  return type === 'decimal' ? compareDecimals(amount(value), amount(other)) : Number(value) - Number(other);
}

function compareOrdered({ value, order }: Step, otherValue: StoredValue, other: Order | undefined): number {
  return order && other ? compareDated(order, value, [other, otherValue]) : 0;
}

function compareOrders(a: Order, b: Order): number {
  return a[0] - b[0] || compare(a[1], b[1]) || a[2] - b[2] || a[3] - b[3];
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
