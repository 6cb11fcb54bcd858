import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Sequence } from '../../../src/cli/simulate/oracle/sequence.ts';

function judged(expected: readonly number[], got: readonly number[], mayRepeat = false, mayLack = false) {
  const rules = { same: (one: number, other: unknown) => one === other, mayLack: () => mayLack, mayRepeat };
  const sequence = new Sequence(expected, rules);
  for (const value of got) sequence.take(value);
  return sequence.end();
}

const list = fc.uniqueArray(fc.nat(), { minLength: 1, maxLength: 30 });

describe('a sequence that came', () => {
  it('has no fault if it is as expected', () => {
    fc.assert(
      fc.property(list, (all) => {
        expect(judged(all, all)).toEqual([]);
      }),
    );
  });

  it('lacks exactly what was left out, unless that may be', () => {
    fc.assert(
      fc.property(list, fc.infiniteStream(fc.boolean()), (all, keeps) => {
        const keep = all.map(() => keeps.next().value);
        const got = all.filter((_each, at) => keep[at]);
        const lost = all.filter((_each, at) => !keep[at]);
        expect(judged(all, got)).toEqual(lost.map((value) => ({ kind: 'lost', value })));
        expect(judged(all, got, false, true)).toEqual([]);
      }),
    );
  });

  it('repeats exactly what came a second time, unless that may be', () => {
    fc.assert(
      fc.property(list, fc.nat(29), fc.nat(29), (all, one, other) => {
        const [from, to] = [Math.min(one, other) % all.length, Math.max(one, other) % all.length];
        const again = all.slice(Math.min(from, to), Math.max(from, to) + 1);
        const end = Math.max(from, to) + 1;
        const got = [...all.slice(0, end), ...again, ...all.slice(end)];
        expect(judged(all, got)).toEqual(again.map((value) => ({ kind: 'repeated', value })));
        expect(judged(all, got, true)).toEqual([]);
      }),
    );
  });

  it('tells what was never expected, and what comes out of order', () => {
    expect(judged([1, 2, 3], [1, 9, 2, 3])).toEqual([{ kind: 'foreign', value: 9 }]);
    expect(judged([1, 2, 3], [2, 1, 3])).toEqual([
      { kind: 'lost', value: 1 },
      { kind: 'repeated', value: 1 },
    ]);
  });
});
