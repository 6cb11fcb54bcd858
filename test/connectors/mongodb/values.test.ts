import fc from 'fast-check';
import { Decimal128 } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { decimalOfNumber, fromBson, toBson } from '../../../connectors/mongodb/values.ts';
import { decimalText } from '../../../src/kit/decimal.ts';

const definition = {
  name: 't',
  fields: { price: 'decimal' },
  unique: undefined,
  indexes: [],
  expireMs: undefined,
} as const;

describe('values of mongodb', () => {
  it('has the same bytes for a decimal as the library makes of its text, however many digits', () => {
    const check = (value: number | string) => {
      const text = decimalText(value) ?? '';
      const digits = text.replace(/[-.]/g, '').replace(/^0+/, '');
      if (digits.length > 34) return;
      const hex = ({ bytes }: Decimal128) => Buffer.from(bytes).toString('hex');
      const expected = hex(Decimal128.fromString(text));
      expect(hex(toBson(definition, 'price', text) as Decimal128), text).toBe(expected);
      const direct = typeof value === 'number' ? decimalOfNumber(value) : undefined;
      if (direct) expect(hex(direct), text).toBe(expected);
    };
    for (const value of [0, -0, 1, -1, 0.1, -0.000001, 196.38, 999999999999999, '-99999999999999', '0.0000000000001'])
      check(value);
    fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e15, max: 1e15 }), check));
    fc.assert(fc.property(fc.integer({ min: -1e12, max: 1e12 }), fc.nat(6), (n, d) => check(n / 10 ** d)));
  });

  it('makes the decimal of a price or a volume without its text, and of no number that has more digits', () => {
    for (const value of [0, -0, 1, 1023, 1024, -5, 196.38, 0.00000001, 123456.12345678, 999_999_999_999_999])
      expect(decimalOfNumber(value)?.toString(), String(value)).toBe(
        Decimal128.fromString(decimalText(value) ?? '').toString(),
      );
    for (const value of [1e15, 1e-9, 0.1 + 0.2, 123456789.12345679, Number.NaN, Number.POSITIVE_INFINITY])
      expect(decimalOfNumber(value), String(value)).toBeUndefined();
  });

  it('keeps the bytes of each decimal apart from those of the others', () => {
    const values = Array.from({ length: 1000 }, (_unused, index) => (index - 500) / 8);
    const made = values.map((value) => decimalOfNumber(value) as Decimal128);
    expect(made.map(String)).toEqual(values.map((value) => decimalText(value)));
  });

  it('gives the text that the library gives, written out, whatever the bytes are', () => {
    const check = (made: Decimal128) => {
      const text = decimalText(made.toString());
      const read = () => fromBson(definition, 'price', made);
      if (text === undefined) expect(read).toThrow('expected a finite number');
      else expect(read(), made.toString()).toBe(text);
    };
    const texts = [
      '0',
      '-0',
      '-0.00',
      '0E+3',
      '1.50',
      '-1E+3',
      '1E-30',
      '196.38',
      '281474976710655',
      '281474976710656',
    ];
    for (const text of [...texts, 'NaN', 'Infinity', '-Infinity', '9999999999999999999999999999999999'])
      check(Decimal128.fromString(text));
    const digits = fc.tuple(fc.integer({ min: -1e16, max: 1e16 }), fc.integer({ min: -20, max: 5 }));
    fc.assert(fc.property(digits, ([n, exponent]) => check(Decimal128.fromString(`${n}E${exponent}`))));
    const bytes = fc.uint8Array({ minLength: 16, maxLength: 16 });
    fc.assert(fc.property(bytes, fc.nat(16), (given, zeros) => check(new Decimal128(given.fill(0, 0, zeros)))));
  });
});
