import { addDecimals, compareDecimals, type Decimal, parseDecimal } from '../../src/kit/decimal.ts';

/** Texts up to this length have fewer digits than a double holds exactly. */
const maxShort = 15;
const powers = Array.from({ length: maxShort + 1 }, (_, scale) => 10 ** scale);

/** The exact sum of canonical decimal texts. Short ones are added as integers in doubles, twenty times as fast as big integers. */
export class ExactSum {
  /** By the number of decimals: the sum in units of the last one, an integer within 2^53. */
  readonly #short: number[] = [];
  #long: Decimal = { units: 0, scale: 0 };

  add(text: string): void {
    if (text.length > maxShort) {
      this.#long = addDecimals(this.#long, parseDecimal(text));
      return;
    }
    const point = text.indexOf('.');
    const scale = point < 0 ? 0 : text.length - point - 1;
    const sum = (this.#short[scale] ?? 0) + Math.round(Number(text) * (powers[scale] ?? 1));
    if (Number.isSafeInteger(sum)) this.#short[scale] = sum;
    else this.#long = addDecimals(this.#long, parseDecimal(text));
  }

  get value(): Decimal {
    return this.#short.reduce((sum, units, scale) => addDecimals(sum, { units, scale }), this.#long);
  }
}

/** Below 0 when the first of two canonical decimal texts is less, above when it is more, 0 when they are equal. */
export function compareTexts(a: string, b: string): number {
  if (a.length <= maxShort && b.length <= maxShort) return Number(a) - Number(b);
  return compareDecimals(parseDecimal(a), parseDecimal(b));
}
