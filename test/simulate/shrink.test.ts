import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shortestFailing, smallestFailing } from '../../src/simulate/shrink.ts';

describe('shrinking', () => {
  it('leaves exactly what a failure needs, whatever that is', async () => {
    const needed = fc.uniqueArray(fc.nat(40), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(needed, fc.integer({ min: 41, max: 60 }), async (wanted, length) => {
        const items = Array.from({ length }, (_, index) => index);
        const fails = async (some: readonly number[]) => wanted.every((each) => some.includes(each));
        expect(await smallestFailing(items, fails)).toEqual([...wanted].sort((one, other) => one - other));
      }),
    );
  });

  it('leaves something that fails where any of several would do', async () => {
    const fails = async (some: readonly number[]) => some.filter((each) => each % 7 === 0).length >= 2;
    const left = await smallestFailing([...Array(50).keys()], fails);
    expect(left).toHaveLength(2);
    expect(await fails(left)).toBe(true);
  });

  it('keeps what it has reached once no run is made any more', async () => {
    let runs = 0;
    const left = await smallestFailing([...Array(64).keys()], async (some) => runs++ < 3 && some.includes(0));
    expect(left).toContain(0);
    expect(left.length).toBeLessThan(64);
  });

  it('finds the shortest beginning in a logarithmic number of runs', async () => {
    let runs = 0;
    const left = await shortestFailing([...Array(100_000).keys()], async (some) => {
      runs++;
      return some.includes(777);
    });
    expect(left).toHaveLength(778);
    expect(runs).toBeLessThan(20);
  });
});
