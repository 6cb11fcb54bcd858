import { Decimal128 as Decimal, type Decimal128, type Document, Double, Long, ObjectId } from 'mongodb';
import { FdpError } from '../../src/errors.ts';
import { decimalText } from '../../src/kit/decimal.ts';
import type { TableDefinition } from '../shared/table/definition.ts';
import { listOf, type StoredValue, wrongType } from '../shared/table/values.ts';

/** The digits that a Decimal128 has. */
const maxDigits = 34;
/** Text up to this length has fewer digits than a double holds exactly. */
const maxShort = 15;
/** Integers of as many digits. */
const mostUnits = 10 ** maxShort;
/** Of the decimals of a price or a volume: more are read from the text. */
const powers = Array.from({ length: 9 }, (_unused, decimals) => 10 ** decimals);
const exponentBias = 6176;

/** A value as a document keeps it. @throws FDP_MESSAGE_REFUSED for a decimal of more than 34 digits */
export function toBson(definition: TableDefinition, field: string, value: StoredValue): unknown {
  if (value === null) return null;
  switch (definition.fields?.[field]) {
    case 'decimal': {
      const made = decimalOf(String(value));
      if (!made) throw wrongType(definition, field, value);
      return made;
    }
    case 'date':
      return new Date(Number(value));
    case 'int64':
      return Long.fromNumber(Number(value));
    case 'strings':
      return listOf(value);
    case 'double':
      return new Double(Number(value));
    default:
      return value;
  }
}

/** Plain digits as a Decimal128: the exponent is written out as far as 34 digits reach. */
function decimalOf(text: string): Decimal128 | undefined {
  if (text.length <= maxShort) return shortDecimal(text);
  const [whole = '', fraction = ''] = text.replace('-', '').split('.');
  const significant = (whole + fraction).replace(/^0+/, '');
  if (significant.length <= maxDigits) return Decimal.fromString(text);
  const digits = significant.replace(/0+$/, '');
  if (digits.length > maxDigits) return undefined;
  const exponent = significant.length - digits.length - fraction.length;
  return Decimal.fromString(`${text.startsWith('-') ? '-' : ''}${digits}E${exponent}`);
}

/** Encodes a decimal of few digits, like a price, directly: the library takes ten times as long. */
function shortDecimal(text: string): Decimal128 {
  const point = text.indexOf('.');
  const digits = point < 0 ? text : text.slice(0, point) + text.slice(point + 1);
  const decimals = point < 0 ? 0 : text.length - point - 1;
  return encoded(Math.abs(Number(digits)), decimals, text.startsWith('-'));
}

/** The same of a number, without its text: undefined if it has more digits. */
export function decimalOfNumber(value: number): Decimal128 | undefined {
  const size = Math.abs(value);
  for (let decimals = 0; decimals < powers.length; decimals++) {
    const power = powers[decimals] as number;
    const units = Math.round(size * power);
    if (!(units < mostUnits)) return undefined;
    // Dividing rounds as reading a text does, and no other text of so few digits gives the same double.
    if (units / power === size) return encoded(units, decimals, value < 0);
  }
  return undefined;
}

/** Whole numbers below it are made once: most volumes are such. */
const fewWhole = 1024;
const wholes: Decimal128[] = [];
const decimalBytes = 16;
/** Bytes of the next decimals. An array with bytes of its own takes four times as long, and three times the memory. */
let slab = new ArrayBuffer(0);
let slabUsed = 0;
const slabBytes = 256 * decimalBytes;

function encoded(units: number, decimals: number, isNegative: boolean): Decimal128 {
  const isFew = decimals === 0 && units < fewWhole && !isNegative;
  if (!isFew) return written(units, decimals, isNegative);
  wholes[units] ??= written(units, decimals, isNegative);
  return wholes[units];
}

function written(units: number, decimals: number, isNegative: boolean): Decimal128 {
  if (slabUsed === slab.byteLength) {
    slab = new ArrayBuffer(slabBytes);
    slabUsed = 0;
  }
  const bytes = new Uint8Array(slab, slabUsed, decimalBytes);
  slabUsed += decimalBytes;
  const low = units >>> 0;
  const high = (units - low) / 2 ** 32;
  for (let index = 0; index < 4; index++) {
    bytes[index] = low >>> (8 * index);
    bytes[index + 4] = high >>> (8 * index);
  }
  const exponent = exponentBias - decimals;
  bytes[14] = (exponent % 128) * 2;
  bytes[15] = Math.floor(exponent / 128) + (isNegative ? 128 : 0);
  return new Decimal(bytes);
}

/** A document's fields as a row. @throws FDP_MESSAGE_UNREADABLE for values that a row can't show exactly */
export function fromBson(definition: TableDefinition, field: string, value: unknown): unknown {
  const plain = plainOf(value);
  const shown = definition.fields?.[field] === 'decimal' && typeof plain === 'number' ? decimalText(plain) : plain;
  if (shown !== undefined) return shown;
  const text = `${definition.name}: ${field}: expected a finite number, and an integer within 2^53, got ${String(value)}`;
  throw new FdpError('FDP_MESSAGE_UNREADABLE', text);
}

/**
 * Undefined if a value has no plain form. Checked by its type tag: values may come from another copy of the library.
 */
function plainOf(value: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (typeof value !== 'object') return value;
  if (value instanceof Date) return value.getTime();
  switch ((value as { readonly _bsontype?: unknown })._bsontype) {
    case 'Decimal128':
      return shortDecimalText(value as Decimal128) ?? decimalText(String(value));
    case 'Long': {
      // The driver returns those within 2^53 as numbers; a document that was just made still has Longs.
      const number = Number(String(value));
      return Number.isSafeInteger(number) ? number : undefined;
    }
    case undefined:
      return Array.isArray(value) ? value.map(plainOf) : plainFields(value as Document);
    default:
      return String(value);
  }
}

/** The inverse: undefined for more digits, or an exponent beyond them. */
function shortDecimalText({ bytes }: Pick<Decimal128, 'bytes'>): string | undefined {
  const [low = 0, high = 0] = bytes.subarray(14);
  if (low % 2 !== 0 || (high & 0x60) === 0x60) return undefined;
  for (let index = 6; index < 14; index++) if (bytes[index] !== 0) return undefined;
  let coefficient = 0;
  for (let index = 5; index >= 0; index--) coefficient = coefficient * 256 + (bytes[index] as number);
  let decimals = exponentBias - ((high % 128) * 128 + Math.floor(low / 2));
  if (decimals < 0 || decimals > 2 * maxShort) return undefined;
  for (; decimals > 0 && coefficient % 10 === 0; decimals--) coefficient /= 10;
  const digits = String(coefficient).padStart(decimals + 1, '0');
  const point = digits.length - decimals;
  const sign = high >= 128 && coefficient > 0 ? '-' : '';
  return sign + (decimals === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`);
}

function plainFields(document: Document): Document {
  return Object.fromEntries(Object.entries(document).map(([field, value]) => [field, plainOf(value)]));
}

/** The `_id` for a row's text; undefined if it is not one. */
export function objectId(text: unknown): ObjectId | undefined {
  return typeof text === 'string' && /^[0-9a-f]{24}$/.test(text) ? new ObjectId(text) : undefined;
}
