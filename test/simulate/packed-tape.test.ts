import { describe, expect, it } from 'vitest';
import { asTexts, TapeWriter, unpacked } from '../../src/simulate/packed-tape.ts';

/** More than is written, and read, at once. */
const many = 60_000;

function entry(at: number) {
  return {
    atMs: at,
    key: at % 3 === 0 ? null : `ключ\t${at % 3}`,
    content: { text: `{"at":${at},"text":"${'ü'.repeat(20)}"}` },
  };
}

describe('a packed tape', () => {
  it('gives what was pushed, and all of it again', () => {
    const writer = new TapeWriter();
    for (let at = 0; at < many; at++) writer.push(entry(at).atMs, entry(at).key, entry(at).content.text);
    const tape = writer.end();
    const expected = Array.from({ length: many }, (_, at) => entry(at));
    expect([...unpacked(tape)]).toEqual(expected);
    expect([...unpacked(tape)]).toEqual(expected);
    expect(writer.end()).toBe(tape);
    expect([...unpacked(new TapeWriter().end())]).toEqual([]);
  });

  it('is read while it is written', () => {
    const writer = new TapeWriter();
    const read = unpacked(writer.tape);
    for (let at = 0; at < many; at++) writer.push(entry(at).atMs, entry(at).key, entry(at).content.text);
    for (let at = 0; at < 100; at++) expect(read.next().value).toEqual(entry(at));
    writer.push(many, null, '{}');
    writer.end();
    expect([...read]).toHaveLength(many - 100 + 1);
  });
});

describe('what a feed gives as texts', () => {
  it('is made as it is read, once, for however many read it', () => {
    let made = 0;
    const entries = function* () {
      for (; made < 3; made++) yield { atMs: made, key: null, content: { value: { made } } };
    };
    const tape = asTexts(entries());
    const [first, second] = [tape[Symbol.iterator](), tape[Symbol.iterator]()];
    const expected = (at: number) => ({ atMs: at, key: null, content: { text: `{"made":${at}}` } });
    expect(first.next().value).toEqual(expected(0));
    expect(made).toBe(0);
    expect(second.next().value).toEqual(expected(0));
    expect(second.next().value).toEqual(expected(1));
    expect(made).toBe(1);
    expect([...tape]).toEqual([0, 1, 2].map(expected));
    expect(first.next().value).toEqual(expected(1));
  });
});
