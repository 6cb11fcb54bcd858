import fc from 'fast-check';
import { AssignerProtocol } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import {
  assign,
  decodeAssignment,
  encodeAssignment,
  subscriptionTo,
  topicsOf,
} from '../../../connectors/kafka/assignment.ts';

const topic = fc.constantFrom<string>('a', 'b', 'c');
const members = fc.uniqueArray(fc.record({ memberId: fc.string(), topics: fc.uniqueArray(topic) }), {
  selector: ({ memberId }) => memberId,
  maxLength: 8,
});
const partitions = fc
  .dictionary(topic, fc.integer({ min: 0, max: 12 }))
  .map((counts) => new Map(Object.entries(counts)));

describe('handing out partitions', () => {
  it('gives each partition of a topic to one of those that read it, fairly, in whatever order they stand', () => {
    fc.assert(
      fc.property(members, partitions, (all, counts) => {
        const given = assign(all, counts);
        expect(new Map(given)).toEqual(new Map(assign([...all].reverse(), counts)));
        for (const [name, count] of counts) {
          const readers = all.filter(({ topics }) => topics.includes(name));
          const shares = readers.map(({ memberId }) => given.get(memberId)?.get(name) ?? []);
          const expected = readers.length > 0 ? Array.from({ length: count }, (_, partition) => partition) : [];
          expect(shares.flat().sort((a, b) => a - b)).toEqual(expected);
          const sizes = shares.map(({ length }) => length);
          if (readers.length > 0) expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        }
        for (const { memberId, topics } of all)
          for (const name of given.get(memberId)?.keys() ?? []) expect(topics).toContain(name);
      }),
    );
  });

  it('speaks as other programs do', () => {
    const { MemberAssignment, MemberMetadata } = AssignerProtocol;
    const assignment = new Map([
      ['ticks', [0, 2]],
      ['other', []],
    ]);
    expect(MemberAssignment.decode(encodeAssignment(assignment))?.assignment).toEqual({ ticks: [0, 2], other: [] });
    const theirs = { version: 1, assignment: { ticks: [3] }, userData: Buffer.alloc(0) };
    expect(decodeAssignment(MemberAssignment.encode(theirs))).toEqual(new Map([['ticks', [3]]]));
    expect(decodeAssignment(Buffer.alloc(0))).toEqual(new Map());
    expect(MemberMetadata.decode(subscriptionTo(['ticks']))?.topics).toEqual(['ticks']);
    expect(topicsOf(MemberMetadata.encode({ version: 1, topics: ['x', 'y'], userData: Buffer.from('z') }))).toEqual([
      'x',
      'y',
    ]);
  });

  it('takes what it does not understand for a member that reads nothing', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => void topicsOf(Buffer.from(bytes))));
    expect(topicsOf(Buffer.from([0, 0, 127, 255, 255, 255]))).toEqual([]);
  });
});
