import fc from 'fast-check';
import { from, lastValueFrom, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { inOrder } from '../../../src/engine/delivery/in-order.ts';

describe('work in order', () => {
  it('passes results on in the order of the input, with so many calls under way and no more', async () => {
    const values = fc.array(fc.integer(), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(values, fc.integer({ min: 1, max: 6 }), fc.scheduler(), async (input, concurrency, s) => {
        let running = 0;
        let most = 0;
        const work = async (value: number) => {
          most = Math.max(most, ++running);
          await s.schedule(Promise.resolve(), String(value));
          running--;
          return value * 2;
        };
        const results = lastValueFrom(from(input).pipe(inOrder(work, concurrency), toArray()));
        await s.waitFor(results);
        expect(await results).toEqual(input.map((value) => value * 2));
        expect(most).toBe(Math.min(concurrency, input.length));
      }),
    );
  });

  it('fails with the work', async () => {
    const failing = from([1, 2]).pipe(inOrder(() => Promise.reject(new Error('no')), 2));
    await expect(lastValueFrom(failing)).rejects.toThrow('no');
  });
});
