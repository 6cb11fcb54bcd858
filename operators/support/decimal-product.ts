import type { Amount } from '../../src/kit/row.ts';

const written = /^([+-]?)0*(\d*)\.?(\d*?)(?:[eE]([+-]?\d+))?$/;
const plain = /^\d+(?:\.\d+)?$/;
/** Digits that a double holds exactly. */
const safeDigits = 15;
const powers = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000];

/** The exact product of two decimals, as plain text. A double counts as the decimal of its shortest text. */
export function decimalProduct(a: Amount, b: Amount): string {
  const short =
    typeof a === 'number' && typeof b === 'number' ? numberProduct(a, b) : shortProduct(String(a), String(b));
  if (short !== undefined) return short;
  const [left, leftScale, isLeftNegative] = digitsOf(a);
  const [right, rightScale, isRightNegative] = digitsOf(b);
  const product =
    left.length + right.length <= safeDigits
      ? String(Number(left) * Number(right))
      : String(BigInt(left) * BigInt(right));
  const text = withPoint(product, leftScale + rightScale);
  return isLeftNegative === isRightNegative || product === '0' ? text : `-${text}`;
}

/** The same of two numbers with few digits, as those of trades are: their texts are not needed. Undefined for others. */
function numberProduct(a: number, b: number): string | undefined {
  const [left, right] = [scaleOf(a), scaleOf(b)];
  if (left === undefined || right === undefined) return undefined;
  const product = Math.round(a * (powers[left] ?? 1)) * Math.round(b * (powers[right] ?? 1));
  if (!Number.isSafeInteger(product)) return undefined;
  return product < 0 ? `-${withPoint(String(-product), left + right)}` : withPoint(String(product), left + right);
}

/**
 * How many decimals the shortest text of a number has; undefined for many. An integer of up to 15 digits over a power of ten is
 * the double that its decimal text gives, and no shorter text gives the same.
 */
function scaleOf(value: number): number | undefined {
  for (let scale = 0; scale < powers.length; scale++) {
    const power = powers[scale] ?? 1;
    const units = Math.round(value * power);
    if (Math.abs(units) >= 1e15) return undefined;
    if (units / power === value) return scale;
  }
  return undefined;
}

/** The same of two short plain texts; undefined for others. */
function shortProduct(a: string, b: string): string | undefined {
  if (a.length + b.length > safeDigits || !plain.test(a) || !plain.test(b)) return undefined;
  const [left, right] = [a.indexOf('.'), b.indexOf('.')];
  const product = (left < 0 ? Number(a) : unitsOf(a, left)) * (right < 0 ? Number(b) : unitsOf(b, right));
  const scale = (left < 0 ? 0 : a.length - left - 1) + (right < 0 ? 0 : b.length - right - 1);
  return withPoint(String(product), scale);
}

function unitsOf(text: string, point: number): number {
  return Number(text.slice(0, point) + text.slice(point + 1));
}

/** The digits without a point, how many of them stand behind it (negative: zeros that follow), and the sign. */
function digitsOf(amount: Amount): readonly [digits: string, scale: number, isNegative: boolean] {
  const [, sign, whole = '', fraction = '', exponent] = written.exec(String(amount)) ?? [];
  return [whole + fraction || '0', fraction.length - Number(exponent ?? 0), sign === '-'];
}

function withPoint(digits: string, scale: number): string {
  if (digits === '0') return digits;
  if (scale <= 0) return digits + '0'.repeat(-scale);
  const padded = digits.padStart(scale + 1, '0');
  return `${padded.slice(0, -scale)}.${padded.slice(-scale)}`;
}
