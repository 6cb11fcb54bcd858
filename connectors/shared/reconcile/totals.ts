import type { AuditedState } from '../../../src/kit/audit.ts';
import {
  addDecimals,
  compareDecimals,
  type Decimal,
  decimalText,
  formatDecimal,
  parseDecimal,
} from '../../../src/kit/decimal.ts';
import type { AuditedValue } from '../../../src/kit/reconciler.ts';
import type { FoldKind } from '../../../src/kit/row.ts';
import type { ColumnType } from '../table/definition.ts';
import type { Order, Step } from '../table/steps.ts';

/** What all steps of one field come to. */
interface Total {
  readonly kind: FoldKind;
  readonly type: ColumnType;
  /** The number of a count, the exact sum, or the value that won. */
  value: AuditedValue | Decimal;
  order: Order | undefined;
}

/**
 * A row computed from nothing but its messages, in whatever order they come: the plain definition of what the fold of a table
 * keeps up to date step by step. Shares no code with that fold, and knows no limits.
 */
export class RowTotals {
  readonly #totals = new Map<string, Total>();

  add(steps: readonly Step[]): void {
    for (const step of steps) {
      const total = this.#totals.get(step.field);
      if (total) join(total, step);
      else this.#totals.set(step.field, firstOf(step));
    }
  }

  /** A field's value; undefined where no message says anything of it. */
  value(field: string): AuditedValue | undefined {
    const total = this.#totals.get(field);
    if (!total) return undefined;
    const { value, type } = total;
    if (!isDecimal(value)) return value;
    return type === 'decimal' ? formatDecimal(value) : Number(formatDecimal(value));
  }

  /** What a row keeps beside that field; undefined when that is nothing. */
  state(field: string): AuditedState['states'][string] | undefined {
    const total = this.#totals.get(field);
    if (!total) return undefined;
    const { kind, type, value, order } = total;
    if (kind === 'sum' && type === 'double' && isDecimal(value)) return formatDecimal(value);
    return order;
  }
}

function firstOf({ kind, type, value, order }: Step): Total {
  const isExact = (kind === 'sum' && type !== 'int64') || (kind === 'count' && type === 'decimal');
  return { kind, type, value: isExact ? decimalOf(value) : value, order };
}

function join(total: Total, { kind, value, order }: Step): void {
  const now = total.value;
  if (isDecimal(now)) total.value = addDecimals(now, decimalOf(value));
  else if (kind === 'count' || kind === 'sum') total.value = Number(now) + Number(value);
  else if (kind === 'highest' || kind === 'lowest') {
    if (difference(total.type, value, now) * (kind === 'highest' ? 1 : -1) > 0) total.value = value;
  } else if (order && total.order && (kind === 'first' || kind === 'last')) {
    const later = compareOrders(order, total.order) || compareTexts(JSON.stringify(value), JSON.stringify(now));
    if (later * (kind === 'last' ? 1 : -1) <= 0) return;
    total.value = value;
    total.order = order;
  }
}

function difference(type: ColumnType, a: AuditedValue, b: AuditedValue): number {
  return type === 'decimal' ? compareDecimals(decimalOf(a), decimalOf(b)) : Number(a) - Number(b);
}

function decimalOf(value: AuditedValue): Decimal {
  return parseDecimal(typeof value === 'number' ? (decimalText(value) ?? '0') : String(value));
}

function isDecimal(value: AuditedValue | Decimal): value is Decimal {
  return typeof value === 'object' && value !== null;
}

function compareOrders(a: Order, b: Order): number {
  return a[0] - b[0] || compareTexts(a[1], b[1]) || a[2] - b[2] || a[3] - b[3];
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
