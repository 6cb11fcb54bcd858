import {
  addDecimals,
  compareDecimals,
  type Decimal,
  decimalText,
  formatDecimal,
  parseDecimal,
} from '../../src/kit/decimal.ts';
import type { Row } from '../../src/kit/row.ts';

/** Digits that a VWAP has beyond those of the bar's lowest and highest price. */
const moreDigits = 4;

/** A bar as it is read: amounts are decimal text, null where no trade counted for them. */
export interface Bar {
  readonly open: string | null;
  readonly high: string | null;
  readonly low: string | null;
  readonly close: string | null;
  readonly volume: string;
  /** turnover / counted_volume, never outside of low and high; null without volume. */
  readonly vwap: string | null;
  readonly trades: number;
  readonly late_trades: number;
}

/** Folds the rows of a table of bars, the newest first, into one bar. The sums are exact. */
export class BarFold {
  #open: string | null = null;
  #close: string | null = null;
  #high: Decimal | undefined;
  #low: Decimal | undefined;
  #volume: Decimal = zero;
  #turnover: Decimal = zero;
  #counted: Decimal = zero;
  #trades = 0;
  #late = 0;

  /** Adds the row before the ones that were added. */
  add(row: Row): void {
    const { open, close } = row;
    this.#close ??= amountText(close);
    this.#open = amountText(open) ?? this.#open;
    this.#high = further(this.#high, amountOf(row['high']), 1);
    this.#low = further(this.#low, amountOf(row['low']), -1);
    this.#volume = sum(this.#volume, row['volume']);
    this.#turnover = sum(this.#turnover, row['turnover']);
    this.#counted = sum(this.#counted, row['counted_volume']);
    this.#trades += Number(row['trades'] ?? 0);
    this.#late += Number(row['late_trades'] ?? 0);
  }

  get bar(): Bar {
    const [low, high] = [this.#low, this.#high];
    const isWeighed = low !== undefined && high !== undefined && this.#counted.units > 0n;
    return {
      open: this.#open,
      high: high ? formatDecimal(high) : null,
      low: low ? formatDecimal(low) : null,
      close: this.#close,
      volume: formatDecimal(this.#volume),
      vwap: isWeighed ? vwapOf(this.#turnover, this.#counted, low, high) : null,
      trades: this.#trades,
      late_trades: this.#late,
    };
  }
}

const zero: Decimal = { units: 0n, scale: 0 };

function amountText(value: unknown): string | null {
  return typeof value === 'number' || typeof value === 'string' ? (decimalText(value) ?? null) : null;
}

function amountOf(value: unknown): Decimal | undefined {
  const text = amountText(value);
  return text === null ? undefined : parseDecimal(text);
}

function sum(total: Decimal, value: unknown): Decimal {
  const amount = amountOf(value);
  return amount === undefined ? total : addDecimals(total, amount);
}

/** The higher (`sign` 1) or the lower (-1) of two. */
function further(a: Decimal | undefined, b: Decimal | undefined, sign: 1 | -1): Decimal | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return compareDecimals(b, a) * sign > 0 ? b : a;
}

/**
 * The quotient, rounded half up to more digits than the bounds have: as they are such numbers, too, rounding never passes one.
 * Where columns are doubles, sums are not exact: then the nearer bound is the VWAP.
 */
function vwapOf(turnover: Decimal, counted: Decimal, low: Decimal, high: Decimal): string {
  const scale = Math.max(low.scale, high.scale) + moreDigits;
  const shift = scale + counted.scale - turnover.scale;
  const top = shift >= 0 ? turnover.units * 10n ** BigInt(shift) : turnover.units;
  const bottom = shift >= 0 ? counted.units : counted.units * 10n ** BigInt(-shift);
  const vwap = { units: floorDivided(2n * top + bottom, 2n * bottom), scale };
  if (compareDecimals(vwap, low) < 0) return formatDecimal(low);
  return formatDecimal(compareDecimals(vwap, high) > 0 ? high : vwap);
}

/** `BigInt` division cuts towards zero. */
function floorDivided(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient;
}
