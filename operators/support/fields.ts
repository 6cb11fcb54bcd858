import { FdpError } from '../../src/errors.ts';
import type { Fields } from '../../src/kit/row.ts';
import { show } from './expression-functions.ts';
import { largestSize } from './pairs.ts';

/** An own field of the message, or undefined; never an inherited property. */
export function fieldOf(fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

/** @throws FDP_MESSAGE_INVALID if the field is not text, or empty */
export function textField(fields: Fields, name: string): string {
  const value = fieldOf(fields, name);
  if (typeof value === 'string' && value !== '') return value;
  throw unfit(name, 'text', value);
}

/** @throws FDP_MESSAGE_INVALID if the field is not a finite number */
export function numberField(fields: Fields, name: string): number {
  const value = fieldOf(fields, name);
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw unfit(name, 'a number', value);
}

/**
 * A number that can be summed up without loss (`largestSize`).
 * @throws FDP_MESSAGE_INVALID when the field is none
 */
export function numberInRange(fields: Fields, name: string): number {
  const value = numberField(fields, name);
  const size = Math.abs(value);
  if (size === 0 || (size <= largestSize && size >= 1 / largestSize)) return value;
  throw new FdpError('FDP_MESSAGE_INVALID', `${name}: expected 0 or a size from 1e-120 to 1e120, got ${value}`);
}

/**
 * A number that can be summed up without loss, and is not negative.
 * @throws FDP_MESSAGE_INVALID when the field is none
 */
export function volumeField(fields: Fields, name: string): number {
  const value = numberInRange(fields, name);
  if (value < 0) throw new FdpError('FDP_MESSAGE_INVALID', `${name}: expected 0 or more, got ${value}`);
  return value;
}

const decimalText = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?$/;

/** @throws FDP_MESSAGE_INVALID if the field is neither a finite number nor the text of one */
export function amountField(fields: Fields, name: string): number | string {
  const value = fieldOf(fields, name);
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (typeof value === 'string' && decimalText.test(value)) return value;
  throw unfit(name, 'a number', value);
}

/** @throws FDP_MESSAGE_INVALID if the field is neither a non-empty text nor an integer */
export function keyField(fields: Fields, name: string): string | number {
  const value = fieldOf(fields, name);
  if (Number.isSafeInteger(value)) return value as number;
  return textField(fields, name);
}

/** @throws FDP_MESSAGE_INVALID if the field is not an array */
export function arrayField(fields: Fields, name: string): readonly unknown[] {
  const value = fieldOf(fields, name);
  if (Array.isArray(value)) return value;
  throw unfit(name, 'an array', value);
}

/** An item of an array as named fields; undefined when it has none. */
export function itemFields(item: unknown): Fields | undefined {
  return typeof item === 'object' && item !== null && !Array.isArray(item) ? (item as Fields) : undefined;
}

function unfit(name: string, expected: string, got: unknown): FdpError {
  return new FdpError('FDP_MESSAGE_INVALID', `${name}: expected ${expected}, got ${show(got)}`);
}
