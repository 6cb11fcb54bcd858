import { decimalText } from '../../../kit/decimal.ts';

/** Digits after the point that sums have here: more than any price or volume. */
const scale = 24;
const powers = Array.from({ length: scale + 1 }, (_, digits) => 10n ** BigInt(digits));
const one = 10n ** BigInt(scale);
const ratioDigits = 10n ** 30n;

/** A decimal number as a whole number of 10 ** -24. */
export function exact(value: unknown): bigint {
  const text = decimalText(value as number | string) ?? '0';
  const point = text.indexOf('.');
  if (point < 0) return BigInt(text) * one;
  const part = text.slice(point + 1, point + 1 + scale);
  return BigInt(text.slice(0, point) + part) * (powers[scale - part.length] ?? 1n);
}

export function product(first: bigint, second: bigint): bigint {
  return (first * second) / one;
}

/** The shortest text of it. */
export function plainText(value: bigint): string {
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, '0');
  const part = digits.slice(-scale).replace(/0+$/, '');
  const text = digits.slice(0, -scale) + (part === '' ? '' : `.${part}`);
  return value < 0n ? `-${text}` : text;
}

/** The quotient as a number. */
export function ratio(first: bigint, second: bigint): number {
  return Number((first * ratioDigits) / second) / 1e30;
}
