import fc from 'fast-check';
import { Decimal128, Long } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { readAddress } from '../../connectors/mongodb/address.ts';
import { fromBson, toBson } from '../../connectors/mongodb/values.ts';
import { mongodb } from '../../connectors/mongodb.ts';
import { decimalText } from '../../connectors/table/decimal.ts';
import { readTable, type TableOptions } from '../../connectors/table/definition.ts';
import { optionsOf } from '../support/options.ts';
import { tradeTable } from '../support/table-harness.ts';

describe('mongodb', () => {
  const place = { url: 'mongodb://localhost:27017', database: 'market', collection: 'trades' };

  it('takes a collection with fields, indexes and expiry', () => {
    const given = { ...place, ...tradeTable, expire: '10s', tls: { ca: 'ca.pem' } };
    expect(optionsOf(mongodb, given)).toEqual(given);
  });

  it.each([
    { ...place, url: 'localhost:27017' },
    { ...place, database: 'a.b' },
    { ...place, collection: 'system.users' },
    { ...place, write_concern: 1 },
    { ...place, fields: { price: 'money' } },
  ])('refuses %o', (options) => {
    expect(() => optionsOf(mongodb, options)).toThrow();
  });

  it('reports a unique field that is not declared, and names that mean something else to MongoDB', () => {
    const found: string[] = [];
    const fields = { a: 'string', 'b.c': 'string', $d: 'string' } as const;
    mongodb.check?.({ ...place, fields, unique: 'b' }, (path) => found.push(path.join('.')));
    expect(found).toEqual(['unique', 'fields.b.c', 'fields.$d']);
  });
});

describe('mongodb address', () => {
  it.each([
    ['mongodb://localhost:27017', 'localhost:27017', undefined, false],
    ['mongodb://fdp:s3cret@a:1,b:2/admin?replicaSet=rs0', 'a:1,b:2', 'fdp', false],
    ['mongodb+srv://f%40dp:p%2Fw@cluster0.ab1cd.mongodb.net/?w=1', 'cluster0.ab1cd.mongodb.net', 'f@dp', true],
    ['mongodb://fdp:broken/pa@ss@host/', 'host', 'fdp', false],
  ])('of %s is %s', (url, hosts, user, isAtlas) => {
    expect(readAddress(url)).toMatchObject({ hosts, user, isAtlas });
  });

  it('strikes the password out of any text, as it is written and as it is meant', () => {
    const { scrub } = readAddress('mongodb://fdp:p%2Fw0rd@host/?w=1');
    expect(scrub('bad mongodb://fdp:p%2Fw0rd@host/ and p/w0rd and p%2Fw0rd')).toBe(
      'bad mongodb://***@host/ and *** and ***',
    );
  });
});

describe('mongodb values', () => {
  const definition = readTable('trades', tradeTable as TableOptions);

  it('keep every finite number as a decimal, and give the same text back', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = decimalText(value) ?? null;
        expect(fromBson(definition, 'price', toBson(definition, 'price', text))).toBe(text);
      }),
    );
  });

  it.each([
    ['0.0000001', '1E-7'],
    ['196.6', '196.6'],
    ['1000000000000000000000', '1000000000000000000000'],
  ])('write %s as a Decimal128 that reads %s', (text, shown) => {
    expect(String(toBson(definition, 'price', text))).toBe(shown);
  });

  it('refuse a decimal of more digits than a document holds', () => {
    const wrong = () => toBson(definition, 'price', `0.${'1'.repeat(35)}`);
    expect(wrong).toThrow(expect.objectContaining({ code: 'FDP_MESSAGE_REFUSED' }));
  });

  it('tell what no row can show exactly', () => {
    for (const value of [Long.fromString('9007199254740993'), Decimal128.fromString('NaN')])
      expect(() => fromBson(definition, 'size', value)).toThrow(
        expect.objectContaining({ code: 'FDP_MESSAGE_UNREADABLE' }),
      );
  });
});
