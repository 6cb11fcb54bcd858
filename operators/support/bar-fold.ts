import { compareDecimals, type Decimal, decimalText, formatDecimal, parseDecimal } from '../../src/kit/decimal.ts';
import type { Row } from '../../src/kit/row.ts';
import { compareTexts, ExactSum } from './exact-sum.ts';

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

/** Folds the rows of a table of bars into one bar, in their order or against it. The sums are exact. */
export class BarFold {
  #open: string | null = null;
  #close: string | null = null;
  #high: string | null = null;
  #low: string | null = null;
  readonly #volume = new ExactSum();
  readonly #turnover = new ExactSum();
  readonly #counted = new ExactSum();
  #trades = 0;
  #late = 0;

  /** Adds the row before the ones that were added. */
  prepend(row: Row): void {
    this.#close ??= amountText(row['close']);
    this.#open = amountText(row['open']) ?? this.#open;
    this.#add(row);
  }

  /** Adds the row after the ones that were added. */
  append(row: Row): void {
    this.#open ??= amountText(row['open']);
    this.#close = amountText(row['close']) ?? this.#close;
    this.#add(row);
  }

  #add({ high, low, volume, turnover, counted_volume, trades, late_trades }: Row): void {
    const [highest, lowest] = [amountText(high), amountText(low)];
    if (highest !== null && (this.#high === null || compareTexts(highest, this.#high) > 0)) this.#high = highest;
    if (lowest !== null && (this.#low === null || compareTexts(lowest, this.#low) < 0)) this.#low = lowest;
    this.#volume.add(amountText(volume) ?? '0');
    this.#turnover.add(amountText(turnover) ?? '0');
    this.#counted.add(amountText(counted_volume) ?? '0');
    this.#trades += Number(trades ?? 0);
    this.#late += Number(late_trades ?? 0);
  }

  get bar(): Bar {
    const [low, high, counted] = [this.#low, this.#high, this.#counted.value];
    const isWeighed = low !== null && high !== null && counted.units > 0;
    return {
      ...{ open: this.#open, high, low, close: this.#close },
      volume: formatDecimal(this.#volume.value),
      vwap: isWeighed ? vwapOf(this.#turnover.value, counted, parseDecimal(low), parseDecimal(high)) : null,
      ...{ trades: this.#trades, late_trades: this.#late },
    };
  }
}

/** Tables give decimals as canonical text; a column may hold doubles, too. */
function amountText(value: unknown): string | null {
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? (decimalText(value) ?? null) : null;
}

/**
 * The quotient, rounded half up to more digits than the bounds have: as they are such numbers, too, rounding never passes one.
 * Where columns are doubles, sums are not exact: then the nearer bound is the VWAP.
 */
function vwapOf(turnover: Decimal, counted: Decimal, low: Decimal, high: Decimal): string {
  const scale = Math.max(low.scale, high.scale) + moreDigits;
  const shift = scale + counted.scale - turnover.scale;
  const [turned, weight] = [BigInt(turnover.units), BigInt(counted.units)];
  const top = shift >= 0 ? turned * 10n ** BigInt(shift) : turned;
  const bottom = shift >= 0 ? weight : weight * 10n ** BigInt(-shift);
  const vwap = { units: floorDivided(2n * top + bottom, 2n * bottom), scale };
  if (compareDecimals(vwap, low) < 0) return formatDecimal(low);
  return formatDecimal(compareDecimals(vwap, high) > 0 ? high : vwap);
}

/** `BigInt` division cuts towards zero. */
function floorDivided(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient;
}
