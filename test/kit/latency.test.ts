import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Latency, latencyBounds } from '../../src/kit/latency.ts';

describe('latency', () => {
  it('has no quantile before anything was counted', () => {
    const { counts, ...rest } = new Latency().snapshot();
    expect(rest).toEqual({ count: 0, sumMs: 0 });
    expect(counts).toHaveLength(latencyBounds.length + 1);
  });

  it('puts a duration on a bound into the bucket below it, and what is longer than all into the last', () => {
    const latency = new Latency();
    latency.record(0, 1);
    latency.record(latencyBounds[3] as number, 2);
    latency.record(1e9, 4);
    const { counts } = latency.snapshot();
    expect([counts[0], counts[3], counts.at(-1)]).toEqual([1, 2, 4]);
  });

  it('estimates quantiles above its first bucket within half of the true value, however many messages a batch has', () => {
    const batch = fc.record({
      ms: fc.double({ min: 0.26, max: 300_000, noNaN: true }),
      messages: fc.integer({ min: 1, max: 50 }),
    });
    fc.assert(
      fc.property(fc.array(batch, { minLength: 1, maxLength: 60 }), (batches) => {
        const latency = new Latency();
        for (const { ms, messages } of batches) latency.record(ms, messages);
        const all = batches.flatMap(({ ms, messages }) => Array<number>(messages).fill(ms)).sort((a, b) => a - b);
        const { count, sumMs, p50Ms = 0, p99Ms = 0 } = latency.snapshot();
        expect(count).toBe(all.length);
        expect(sumMs).toBeCloseTo(
          all.reduce((sum, ms) => sum + ms, 0),
          0,
        );
        for (const [estimate, share] of [
          [p50Ms, 0.5],
          [p99Ms, 0.99],
        ] as const) {
          const exact = all[Math.ceil(share * all.length) - 1] as number;
          expect(estimate).toBeGreaterThan(exact / 1.51);
          expect(estimate).toBeLessThan(exact * 1.51);
        }
      }),
    );
  });
});
