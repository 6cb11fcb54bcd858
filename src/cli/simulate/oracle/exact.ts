import { decimalText } from '../../../kit/decimal.ts';

/** Digits after the point that sums have here: more than any price or volume. */
const scale = 24;

/** A decimal number as a whole number of 10 ** -24. */
export function exact(value: unknown): bigint {
  const [whole = '', part = ''] = (decimalText(value as number | string) ?? '0').replace('-', '').split('.');
  const size = BigInt(whole + part.padEnd(scale, '0').slice(0, scale));
  return String(value).startsWith('-') ? -size : size;
}

export function product(one: bigint, other: bigint): bigint {
  return (one * other) / 10n ** BigInt(scale);
}

/** The shortest text of it. */
export function plainText(value: bigint): string {
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, '0');
  const part = digits.slice(-scale).replace(/0+$/, '');
  const text = digits.slice(0, -scale) + (part === '' ? '' : `.${part}`);
  return value < 0n ? `-${text}` : text;
}

/** The quotient as a number. */
export function ratio(one: bigint, other: bigint): number {
  const digits = 10n ** 30n;
  return Number((one * digits) / other) / 1e30;
}
