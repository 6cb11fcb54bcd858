import type { Amount } from '../../src/kit/row.ts';

const written = /^([+-]?)0*(\d*)\.?(\d*?)(?:[eE]([+-]?\d+))?$/;
/** Digits that a double holds exactly. */
const safeDigits = 15;

/** The exact product of two decimals, as plain text. A double counts as the decimal of its shortest text. */
export function decimalProduct(a: Amount, b: Amount): string {
  const [left, leftScale, isLeftNegative] = digitsOf(a);
  const [right, rightScale, isRightNegative] = digitsOf(b);
  const product =
    left.length + right.length <= safeDigits
      ? String(Number(left) * Number(right))
      : String(BigInt(left) * BigInt(right));
  const text = withPoint(product, leftScale + rightScale);
  return isLeftNegative === isRightNegative || product === '0' ? text : `-${text}`;
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
