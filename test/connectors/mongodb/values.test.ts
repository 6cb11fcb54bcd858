import fc from 'fast-check';
import { Decimal128 } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { toBson } from '../../../connectors/mongodb/values.ts';
import { decimalText } from '../../../connectors/table/decimal.ts';

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
      const made = toBson(definition, 'price', text) as Decimal128;
      expect(Buffer.from(made.bytes).toString('hex'), text).toBe(
        Buffer.from(Decimal128.fromString(text).bytes).toString('hex'),
      );
    };
    for (const value of [0, -0, 1, -1, 0.1, -0.000001, 196.38, 999999999999999, '-99999999999999', '0.0000000000001'])
      check(value);
    fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e15, max: 1e15 }), check));
    fc.assert(fc.property(fc.integer({ min: -1e12, max: 1e12 }), fc.nat(6), (n, d) => check(n / 10 ** d)));
  });
});
