import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOfLetter } from '../../src/cli/dead-letters/replay-source.ts';
import { FdpError } from '../../src/errors.ts';
import { deadLetterOf, letterOf } from '../../src/kit/dead-letter.ts';
import { type SourceMessage, toMessage } from '../../src/kit/message.ts';
import { testNode } from '../../src/testing/environment.ts';

const { node } = testNode('refuses');

function letter(record: Partial<SourceMessage>, maxBytes?: number, error = new FdpError('FDP_MESSAGE_INVALID', 'no')) {
  const whole = { key: 'AAPL', value: undefined, timestamp: 5, meta: { lane: 'l', topic: 't', offset: 7 }, ...record };
  const rejection = { topology: 'p', refusedBy: node, rejected: toMessage(whole, undefined), error, at: 9 };
  const made = deadLetterOf(rejection, maxBytes);
  const size = Buffer.byteLength(JSON.stringify(made)) + Buffer.byteLength(made.origin.key ?? '');
  return { made, size };
}

describe('a dead letter', () => {
  it('has bytes that were let go read again, and says so if the log has removed them', async () => {
    const record = {
      key: 'AAPL',
      value: undefined,
      timestamp: 5,
      meta: { lane: 'l', topic: 't', partition: 0, offset: 7 },
    };
    const rejected = toMessage(record, undefined);
    const error = new FdpError('FDP_MESSAGE_REFUSED', 'no');
    const lane = (bytesAt: (offset: number) => Promise<string | undefined>) => ({
      id: 'l',
      signal: new AbortController().signal,
      bytesAt,
    });
    const rejection = { topology: 'p', refusedBy: node, rejected, error, at: 9 };
    const read = await letterOf({ ...rejection, lane: lane(async (offset) => `record ${offset}`) });
    expect(read.value).toMatchObject({ value: 'record 7', bytes: 8, reason: 'no', origin: { offset: 7, key: 'AAPL' } });
    const removed = await letterOf({ ...rejection, lane: lane(async () => undefined) });
    const reason = 'no (the log has removed its record meanwhile: its bytes are lost)';
    expect(removed.value).toMatchObject({ value: '', bytes: 0, reason, code: 'FDP_MESSAGE_REFUSED' });
  });

  it('holds the original bytes, or their number if truncated, within the limit of its target', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), fc.integer({ min: 400, max: 8000 }), (raw, maxBytes) => {
        const { made, size } = letter({ raw }, maxBytes);
        expect(size).toBeLessThanOrEqual(maxBytes);
        expect(made.bytes).toBe(raw.length);
        const kept = bytesOfLetter(made);
        expect(kept).toEqual(Buffer.from(raw.subarray(0, kept.length)));
      }),
    );
  });

  it.each([undefined, 1024 ** 2, 8 * 1024 ** 2])('keeps the beginning of a huge message, target %s', (maxBytes) => {
    const raw = Buffer.alloc(600 * 1024 ** 2, 'x');
    const before = process.memoryUsage().rss;
    const { made, size } = letter({ raw }, maxBytes);
    expect(made).toMatchObject({ bytes: raw.length, encoding: 'base64', origin: { offset: 7, key: 'AAPL' } });
    expect(bytesOfLetter(made).length).toBe(64 * 1024);
    expect(size).toBeLessThan(100 * 1024);
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 ** 2);
  });

  it('keeps digits that a double has not', () => {
    const raw = Buffer.from('{"price":12345678.123456789,"volume":9007199254740993}');
    expect(JSON.parse(raw.toString())).toEqual({ price: 12345678.12345679, volume: 9007199254740992 });
    expect(bytesOfLetter(letter({ raw }).made)).toEqual(raw);
  });

  it('can be written of any value, deep, broken or without JSON', () => {
    let deep: unknown = 1;
    for (let level = 0; level < 100_000; level++) deep = [deep];
    const cycle: unknown[] = [];
    cycle.push(cycle);
    for (const value of [deep, cycle, 1n, { a: () => {} }, undefined]) {
      const { made } = letter({ value }, 1024 ** 2);
      expect(made.code).toBe('FDP_MESSAGE_INVALID');
      expect(made.value.length).toBeGreaterThan(0);
    }
  });

  it('bounds a long key and a long reason, so that its target takes it', () => {
    const key = 'k'.repeat(3_000_000);
    const error = new FdpError('FDP_MESSAGE_INVALID', `\u001b[2J${'no '.repeat(1_000_000)}`);
    const { made, size } = letter({ key, value: {} }, 1024 ** 2, error);
    expect(made.origin).toMatchObject({ key: key.slice(0, 4096), key_length: key.length });
    expect(made.reason).toMatch(/^\\u\{1b\}\[2Jno no/);
    expect(size).toBeLessThan(20_000);
  });
});
