import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RateLimit } from '../../src/kit/rate-limit.ts';
import { VirtualClock } from '../../src/simulate/virtual-clock.ts';

describe('a rate limit', () => {
  it('allows in any stretch of time at most the burst and what is refilled, and never less than that if one waits', async () => {
    const requests = fc.array(fc.record({ wait: fc.nat(3000), client: fc.constantFrom('a', 'b') }), { maxLength: 60 });
    const quotas = fc.record({ perSecond: fc.constantFrom(0.1, 1, 3, 50), burst: fc.integer({ min: 1, max: 10 }) });
    await fc.assert(
      fc.asyncProperty(requests, quotas, async (asked, quota) => {
        const clock = new VirtualClock();
        const limit = new RateLimit(quota, clock);
        const allowedAt = new Map<string, number[]>([
          ['a', []],
          ['b', []],
        ]);
        for (const { wait, client } of asked) {
          await clock.advance(wait);
          const { allowed, remaining, waitMs, fullMs, limit: most } = limit.take(client);
          const times = allowedAt.get(client) ?? [];
          const now = clock.monotonic();
          expect(most).toBe(quota.burst);
          expect(remaining).toBeGreaterThanOrEqual(0);
          expect(remaining).toBeLessThan(quota.burst);
          expect(fullMs).toBeGreaterThanOrEqual(waitMs);
          if (!allowed) {
            expect(waitMs).toBeGreaterThan(0);
            // Refused for a reason: some stretch that ends now is full.
            const full = times.some((start, at) => times.length - at + 1 > allowance(now - start, quota) - 1e-6);
            expect(full).toBe(true);
            continue;
          }
          times.push(now);
          times.forEach((start, at) => {
            expect(times.length - at).toBeLessThanOrEqual(allowance(now - start, quota) + 1e-6);
          });
        }
      }),
      { numRuns: 60 },
    );
  });

  it('lets in who waits as long as it says', async () => {
    const clock = new VirtualClock();
    const limit = new RateLimit({ perSecond: 0.5, burst: 2 }, clock);
    expect([limit.take('a').allowed, limit.take('a').allowed, limit.take('a').allowed]).toEqual([true, true, false]);
    const { waitMs, fullMs } = limit.take('a');
    expect([waitMs, fullMs]).toEqual([2000, 4000]);
    await clock.advance(waitMs - 1);
    expect(limit.take('a').allowed).toBe(false);
    await clock.advance(1);
    expect(limit.take('a')).toMatchObject({ allowed: true, remaining: 0 });
  });

  it('remembers so many clients, and forgets the one that asked longest ago', () => {
    const limit = new RateLimit({ perSecond: 1, burst: 1 }, new VirtualClock(), 3);
    for (const client of ['a', 'b', 'c']) expect(limit.take(client).allowed).toBe(true);
    expect(limit.take('a').allowed).toBe(false);
    expect(limit.take('d').allowed).toBe(true);
    expect(limit.take('a').allowed).toBe(false);
    expect(limit.take('b').allowed).toBe(true);
  });
});

function allowance(ms: number, { perSecond, burst }: { readonly perSecond: number; readonly burst: number }): number {
  return burst + (ms / 1000) * perSecond;
}
