import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecencyMap } from '../../src/kit/recency-map.ts';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

function heapMiB(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed / 1024 ** 2;
}

describe('recency map', () => {
  it('removes the key that was unused for longest, as a plain list does', () => {
    const key = fc.integer({ min: 0, max: 30 }).map(String);
    fc.assert(
      fc.property(fc.array(fc.option(key), { maxLength: 200 }), fc.integer({ min: 1, max: 200 }), (steps, repeat) => {
        const map = new RecencyMap<number>();
        let model: (readonly [string, number])[] = [];
        for (const [index, step] of Array.from({ length: repeat }, () => steps)
          .flat()
          .entries()) {
          if (step === null) {
            map.removeOldest();
            model = model.slice(1);
          } else {
            map.use(step, index);
            model = [...model.filter(([known]) => known !== step), [step, index]];
          }
          expect(map.size).toBe(model.length);
        }
        for (const [known, value] of model) expect(map.get(known)).toBe(value);
      }),
      { numRuns: 30 },
    );
  });

  it('forgets what was unused for longest when it holds more than it may', () => {
    const uses = fc.array(fc.integer({ min: 0, max: 20 }).map(String), { maxLength: 2000 });
    fc.assert(
      fc.property(uses, fc.integer({ min: 1, max: 12 }), (keys, most) => {
        const map = new RecencyMap<number>(most);
        let model: (readonly [string, number])[] = [];
        for (const [index, key] of keys.entries()) {
          const all = [...model.filter(([known]) => known !== key), [key, index] as const];
          model = all.slice(-most);
          expect(map.use(key, index)).toBe(all.length > most ? all[0]?.[0] : undefined);
        }
        expect([...map]).toEqual(model);
      }),
    );
  });

  it('does not grow while the same few keys are used again and again', () => {
    const map = new RecencyMap<number>();
    const useAll = (times: number) => {
      for (let time = 0; time < times; time++) map.use(String(time % 6), time);
    };
    useAll(100_000);
    const before = heapMiB();
    useAll(1_000_000);
    expect(heapMiB() - before).toBeLessThan(10);
    expect(map.size).toBe(6);
  });
});
