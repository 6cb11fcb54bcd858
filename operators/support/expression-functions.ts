import { FdpError } from '../../src/errors.ts';
import { foreignText, jsonWithin } from '../../src/kit/text.ts';

/** A decimal as stores return it. */
const plain = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;
const numeric = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,9}))?$/;
/** Decimal128 reaches 10^6144; a larger exponent written out would only fill the memory. */
const largestExponent = 6200;
/** The years 0000 to 9999, all that RFC 3339 can write. */
const firstMs = -62_167_219_200_000;
const lastMs = 253_402_300_799_999;

/**
 * Unix ms as RFC 3339 text in UTC with milliseconds, `2025-11-20T13:33:18.585Z`; null stays null.
 * @throws FDP_MESSAGE_INVALID if it is not a number, or outside the years 0 to 9999
 */
export function iso(ms: unknown): string | null {
  if (ms === null) return null;
  const value = typeof ms === 'bigint' ? Number(ms) : ms;
  if (typeof value !== 'number') throw invalid('iso', 'Unix ms', ms);
  if (!(value >= firstMs && value <= lastMs)) throw invalid('iso', 'Unix ms of the years 0 to 9999', ms);
  return new Date(value).toISOString();
}

/**
 * A number, or text that holds one, as plain text without an exponent; null stays null. A number gives the shortest
 * text that reads back as the same double; text keeps its digits.
 * @throws FDP_MESSAGE_INVALID when it is neither
 */
export function decimal(value: unknown): string | null {
  if (value === null) return null;
  if (typeof value === 'string' && plain.test(value)) return value;
  const text = typeof value === 'number' || typeof value === 'bigint' ? String(value) : value;
  const [, sign, whole, fraction = '', exponent = '0'] = (typeof text === 'string' && numeric.exec(text)) || [];
  const power = Number(exponent);
  if (whole === undefined || whole + fraction === '' || Math.abs(power) > largestExponent)
    throw invalid('decimal', 'a number', value);
  return (sign === '-' ? '-' : '') + shifted(whole, fraction, power);
}

/** True for a number without a fraction, as a date in ms is, which a table can store as a date. */
export function whole(value: unknown): boolean {
  return typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value));
}

function shifted(whole: string, fraction: string, power: number): string {
  const digits = whole + fraction;
  const point = whole.length + power;
  const before = point > 0 ? digits.slice(0, point).padEnd(point, '0') : '0';
  const after = point < 0 ? '0'.repeat(-point) + digits : digits.slice(point);
  return before.replace(/^0+(?=\d)/, '') + (after === '' ? '' : `.${after}`);
}

function invalid(name: string, expected: string, got: unknown): FdpError {
  return new FdpError('FDP_MESSAGE_INVALID', `${name}: expected ${expected}, got ${show(got)}`);
}

/** A value on one short line, for the reason of a rejection. */
export function show(value: unknown): string {
  const text =
    value === undefined ? 'nothing' : foreignText(typeof value === 'bigint' ? value : jsonWithin(value, 50), 50);
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}
