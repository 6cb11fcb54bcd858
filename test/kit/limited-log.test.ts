import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limited } from '../../src/kit/limited-log.ts';
import { VirtualClock } from '../../src/simulate/virtual-clock.ts';
import { recordingLog } from '../../src/testing/environment.ts';

function setUp(everyMs = 1000) {
  const clock = new VirtualClock();
  const log = recordingLog();
  return { clock, log, limitedLog: limited(log, clock, everyMs) };
}

describe('limited log', () => {
  it('writes the first line at once and holds back the rest of the interval', () => {
    const { log, limitedLog } = setUp();
    for (let i = 0; i < 5; i++) limitedLog.warn('bad', { i }, 'rejected');
    expect(log.lines).toEqual([{ level: 'warn', fields: { i: 0 }, text: 'rejected' }]);
  });

  it('adds to the next line how many it held back', async () => {
    const { clock, log, limitedLog } = setUp();
    for (let i = 0; i < 5; i++) limitedLog.warn('bad', { i }, 'rejected');
    await clock.advance(1000);
    limitedLog.error('bad', { i: 5 }, 'rejected');
    expect(log.lines[1]).toEqual({ level: 'error', fields: { i: 5, suppressed: 4 }, text: 'rejected' });
  });

  it('keeps the keys apart', () => {
    const { log, limitedLog } = setUp();
    limitedLog.warn('a', {}, 'one');
    limitedLog.warn('b', {}, 'two');
    expect(log.lines.map((line) => line.text)).toEqual(['one', 'two']);
  });

  it('writes held-back lines on flush, once', () => {
    const { log, limitedLog } = setUp();
    for (let i = 0; i < 3; i++) limitedLog.warn('bad', { i }, 'rejected');
    limitedLog.flush();
    limitedLog.flush();
    expect(log.lines.map((line) => line.fields)).toEqual([{ i: 0 }, { i: 2, suppressed: 1 }]);
  });

  it('forgets the oldest of more than 1000 keys and first writes what it held back', () => {
    const { log, limitedLog } = setUp();
    limitedLog.warn('key 0', { n: 0 }, 'text');
    limitedLog.warn('key 0', { n: 1 }, 'text');
    for (let key = 1; key <= 1000; key++) limitedLog.warn(`key ${key}`, {}, 'text');
    expect(log.lines).toHaveLength(1002);
    expect(log.lines.at(-1)?.fields).toEqual({ n: 1 });
    limitedLog.warn('key 0', { n: 2 }, 'text');
    expect(log.lines.at(-1)?.fields).toEqual({ n: 2 });
  });

  it('accounts for every line, one a key and interval at most', async () => {
    const step = fc.record({ key: fc.constantFrom('a', 'b', 'c'), waitMs: fc.integer({ min: 0, max: 700 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { clock, log, limitedLog } = setUp();
        const writtenAt = new Map<string, number>();
        for (const { key, waitMs } of steps) {
          await clock.advance(waitMs);
          const before = log.lines.length;
          limitedLog.warn(key, { key }, 'text');
          if (log.lines.length === before) continue;
          expect(clock.monotonic() - (writtenAt.get(key) ?? Number.NEGATIVE_INFINITY)).toBeGreaterThanOrEqual(1000);
          writtenAt.set(key, clock.monotonic());
        }
        limitedLog.flush();
        const total = log.lines.reduce((sum, { fields }) => sum + 1 + suppressedOf(fields), 0);
        expect(total).toBe(steps.length);
      }),
      { numRuns: 50 },
    );
  });
});

function suppressedOf(fields: object): number {
  return 'suppressed' in fields ? Number(fields.suppressed) : 0;
}
