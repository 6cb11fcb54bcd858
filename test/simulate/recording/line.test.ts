import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HashChain, lineOf, recordOf, type TapeRecord } from '../../../src/simulate/recording/line.ts';

const bytes = fc.uint8Array({ maxLength: 20 });
const notUtf8 = bytes.map((tail) => Uint8Array.of(0xff, ...tail));

const records: fc.Arbitrary<TapeRecord> = fc
  .record({
    partition: fc.nat(9),
    offset: fc.nat(),
    timestamp: fc.nat(),
    key: fc.option(fc.string({ unit: 'binary' })),
    value: fc.oneof(fc.string({ unit: 'binary' }), bytes),
    headers: fc.option(fc.array(fc.tuple(fc.string(), fc.option(bytes)), { minLength: 1, maxLength: 3 })),
    keyBytes: fc.option(notUtf8),
    isTombstone: fc.boolean(),
  })
  .map(({ headers, keyBytes, isTombstone, ...record }) => {
    const extra = {
      ...(headers && { headers }),
      ...(keyBytes && { keyBytes }),
      ...(isTombstone && { isTombstone: true as const }),
    };
    return {
      ...record,
      ...(keyBytes && { key: Buffer.from(keyBytes).toString() }),
      ...(isTombstone && { value: new Uint8Array() }),
      ...(Object.keys(extra).length > 0 && { extra }),
    };
  });

const plain = (given: string | Uint8Array | null) => (given === null ? null : Buffer.from(given).toString('hex'));
const comparable = ({ value, extra, ...record }: TapeRecord) => ({
  ...record,
  value: plain(value),
  headers: extra?.headers?.map(([name, each]) => [name, plain(each)]),
  keyBytes: extra?.keyBytes && plain(extra.keyBytes),
  isTombstone: extra?.isTombstone,
});

describe('a line of a tape', () => {
  it('has every byte of its record, and is one line', () => {
    fc.assert(
      fc.property(records, (record) => {
        const line = lineOf(record);
        expect(line).not.toContain('\n');
        expect(comparable(recordOf(line))).toEqual(comparable(record));
        expect(lineOf(recordOf(line))).toBe(line);
      }),
    );
  });

  it('shows text as text, and other bytes as base64', () => {
    const record = { partition: 1, offset: 2, timestamp: 3, key: 'A', value: Buffer.from('{"é":1}') };
    expect(lineOf(record)).toBe('{"partition":1,"offset":2,"timestamp":3,"key":"A","value":"{\\"é\\":1}"}');
    expect(lineOf({ ...record, value: Uint8Array.of(255) })).toContain('"value":{"base64":"/w=="}');
  });
});

describe('a hash chain', () => {
  const lines = ['{"a":1}', '{"b":2}', '{"c":3}'];
  const signed = () => {
    const chain = new HashChain('seed');
    return lines.map((line) => chain.signed(line));
  };
  const read = (texts: readonly string[], seed = 'seed') => {
    const chain = new HashChain(seed);
    return texts.map((text) => chain.checked(text));
  };

  it('gives back what was signed', () => {
    expect(read(signed())).toEqual(lines);
  });

  it('finds the first line that was changed, left out or moved, and another seed', () => {
    const [first = '', second = '', third = ''] = signed();
    expect(read([first, second.replace('2', '3'), third])[1]).toBeUndefined();
    expect(read([first, third])[1]).toBeUndefined();
    expect(read([second, first])[0]).toBeUndefined();
    expect(read([first, 'no JSON'])[1]).toBeUndefined();
    expect(read([first], 'other')[0]).toBeUndefined();
  });
});
