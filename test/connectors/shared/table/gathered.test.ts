import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Gathered } from '../../../../connectors/shared/table/gathered.ts';
import type { MarkTuple, RowState } from '../../../../connectors/shared/table/store.ts';
import { type Message, toMessage } from '../../../../src/kit/message.ts';
import { Outcome } from '../../../../src/kit/track.ts';
import { definition, Fates, type Given, lane, messageOf, written } from '../../../support/table/packed-messages.ts';

const price = fc.oneof(
  fc.integer({ min: -5, max: 500 }).map((cents) => cents / 100),
  fc.constantFrom('0.1', '12.345', '99999999999999999999.5', '1e-9', '-7'),
);
const kinds: Readonly<Record<string, fc.Arbitrary<object>>> = {
  count: fc.record({ count: fc.record({ n: fc.constantFrom(1, 1, 1, 2, Number.MAX_SAFE_INTEGER) }) }),
  sum: fc.record({ sum: fc.record({ volume: price }) }),
  double: fc.record({ sum: fc.record({ size: fc.double({ noNaN: true, min: -1e6, max: 1e6 }) }) }),
  highest: fc.record({ highest: fc.record({ high: price }) }),
  lowest: fc.record({ lowest: fc.record({ low: fc.integer() }) }),
  first: fc.record({
    first: fc.record({ open: fc.record({ value: fc.string({ maxLength: 3 }), at: fc.integer({ min: 0, max: 3 }) }) }),
  }),
  last: fc.record({
    last: fc.record({ close: fc.record({ value: fc.integer(), at: fc.integer({ min: 0, max: 3 }) }) }),
  }),
  set: fc.record({ set_on_insert: fc.record({ kind: fc.constantFrom('a', 'b') }) }),
  other: fc.record({ count: fc.record({ m: fc.constant(1) }), highest: fc.record({ high: price }) }),
  both: fc.record({
    count: fc.record({ n: fc.constant(1) }),
    highest: fc.record({ n: fc.integer({ min: 0, max: 20 }) }),
  }),
  refused: fc.constant({ count: { nowhere: 1 } }),
};

const together = (names: readonly string[]) =>
  fc
    .tuple(...names.map((name) => kinds[name] as fc.Arbitrary<object>))
    .map((parts) => Object.assign({}, ...parts) as object);

/** What one operator makes; some streams have two. */
const operation = fc.constantFrom(
  together(['count', 'highest']),
  together(['sum', 'lowest', 'first']),
  together(['double', 'last', 'set']),
  together(['both']),
  together(['other']),
  together(['count', 'sum', 'double', 'highest', 'lowest', 'first', 'last', 'set']),
  together(['refused']),
);

const given = fc.record({
  key: fc.constantFrom('A', 'A', 'B'),
  step: fc.integer({ min: 0, max: 2 }),
  isShared: fc.boolean(),
  isKept: fc.boolean(),
});

const stream = fc
  .tuple(operation, fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, operation))
  .chain(([one, other]) => {
    const merge = other ? fc.oneof({ weight: 3, arbitrary: one }, other) : one;
    return fc.array(fc.tuple(given, merge), { maxLength: 30 });
  })
  .map((drawn) => {
    let [offset, index] = [0, 0];
    return drawn.map(([{ step, ...rest }, merge]): Given & { readonly isKept: boolean } => {
      [offset, index] = step === 0 ? [offset, index + 1] : [offset + step, 0];
      return { ...rest, merge, offset, index };
    });
  });

describe('messages that wait packed', () => {
  it('change rows as each of them would, whatever was counted of them before', () => {
    const mark = fc.option(fc.tuple(fc.integer({ min: -1, max: 40 }), fc.integer({ min: 0, max: 2 })));
    fc.assert(
      fc.property(stream, mark, fc.integer({ min: 0, max: 30 }), (given, counted, whole) => {
        const started = () => {
          const marks = { [lane]: [counted?.[0] ?? -1, counted?.[1] ?? 0, 0, null] as MarkTuple };
          return new Map(counted ? [['A', { values: { key: 'A', n: 5 }, marks, states: {} } satisfies RowState]] : []);
        };
        const [one, other] = [new Fates(), new Fates()];
        const rows = started();
        const expected = written(
          given.map((each, at) => {
            const message = messageOf(each, one, at);
            message.track.absorb();
            return message;
          }),
          rows,
        );
        const gathered = new Gathered(definition);
        const messages = given.map((each, at) => messageOf(each, other, at));
        gathered.add(messages.slice(0, whole));
        const kept = new Set(messages.filter((_message, at) => given[at]?.isKept && at % 5 === 0));
        gathered.pack(messages.slice(whole), (message) => kept.has(message));
        for (const { track } of messages) track.absorb();
        const packedRows = started();
        expect(written(gathered.messages(), packedRows)).toEqual(expected);
        expect(packedRows).toEqual(rows);
        expect(other.all).toEqual(one.all);
      }),
      { numRuns: 1500 },
    );
  });

  it('are one message for each row, which stands for all of them', () => {
    const fates = new Fates();
    const gathered = new Gathered(definition);
    const each = (offset: number): Given => ({
      key: offset % 2 ? 'A' : 'B',
      offset,
      index: 0,
      merge: { count: { n: 1 }, highest: { high: offset } },
    });
    const messages = Array.from({ length: 100 }, (_unused, offset) => messageOf(each(offset), fates, offset));
    gathered.pack(messages, () => false);
    expect(gathered).toMatchObject({ length: 100, form: 'packed', keys: 2 });
    expect(gathered.bytes).toBeLessThan(100 * 120);
    expect(gathered.messages().map(({ key, together, meta }) => [key, together?.count, meta.offset])).toEqual([
      ['B', 50, 98],
      ['A', 50, 99],
    ]);
  });

  it('go on by themselves, each of them, when the message that stands for them does', () => {
    for (const how of ['alone', 'shared', 'both'] as const) {
      const isShared = how !== 'alone';
      const given = (offset: number): Given => ({ key: 'A', offset, index: 0, merge: { count: { n: 1 } }, isShared });
      const [packed, each] = [new Fates(), new Fates()].map((fates) => {
        const made = [0, 1, 2].map((offset) => messageOf(given(offset), fates, offset));
        const other = (message: Message) => ({ ...message, meta: { ...message.meta, index: 1 } });
        const messages = how === 'both' ? made.flatMap((message) => [message, other(message)]) : made;
        for (const { track } of messages) track.absorb();
        return { fates, messages };
      });
      if (!packed || !each) throw new Error('two sets of messages');
      const gathered = new Gathered(definition);
      gathered.pack(packed.messages, () => false);
      const all = gathered.messages();
      expect(all).toHaveLength(1);
      for (const { track } of [...all, ...each.messages]) track.surface();
      expect(packed.fates.all).toEqual(each.fates.all);
      for (const { track } of [...all, ...each.messages]) track.end(Outcome.released);
      expect(packed.fates.all).toEqual(each.fates.all);
      for (const { track } of how === 'shared' ? [...packed.messages, ...each.messages] : [])
        track.end(Outcome.delivered);
      expect(packed.fates.all).toEqual(each.fates.all);
      expect(packed.fates.all[1]).toEqual(Array(3).fill(String(Outcome.released)));
    }
  });

  it('keep what cannot be read again, changes many fields, or has to stay as it is', () => {
    const fates = new Fates();
    const merge = { count: { n: 1 } };
    const many = { count: { n: 1 }, sum: { volume: '1', size: 1 }, highest: { high: '1' }, lowest: { low: 1 } };
    const [plain, large] = [merge, many].map((each, at) =>
      messageOf({ key: 'A', offset: at, index: 0, merge: each }, fates, at),
    );
    if (!plain || !large) throw new Error('two messages');
    const record = { key: 'A', timestamp: 1000, meta: { lane }, value: {} };
    const fromElsewhere = { ...toMessage(record, undefined), value: plain.value };
    for (const message of [fromElsewhere, large]) {
      const gathered = new Gathered(definition);
      gathered.pack([message, message], () => false);
      expect(gathered.messages()).toEqual([message, message]);
    }
    const gathered = new Gathered(definition);
    gathered.pack([plain, plain, plain], (message) => message === plain);
    expect(gathered.messages().every((message) => message === plain)).toBe(true);
  });
});
