import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isAboutLimit, readFrame } from '../../../connectors/finnhub/frames.ts';
import { retryAfterMs } from '../../../connectors/finnhub/handshake.ts';
import { finnhub } from '../../../connectors/finnhub/index.ts';
import { type Ended, Reconnects } from '../../../connectors/finnhub/reconnects.ts';
import { seededChance } from '../../../src/kit/chance.ts';
import { optionsOf } from '../../support/engine/options.ts';

const read = (text: string) => readFrame(Buffer.from(text), 'finnhub', 1000);

describe('finnhub', () => {
  it('dates a frame by when it was received, whatever its trades say', () => {
    for (const data of ['[{"t":5},{"t":9}]', '[]', '[{"t":"9"}]', '[null,3]', '{}', '[{"t":4102444800000}]', 'null'])
      expect(read(`{"type":"trade","data":${data}}`)).toMatchObject({ kind: 'message', message: { timestamp: 1000 } });
  });

  it('distinguishes the kinds of frames', () => {
    expect(read('{"type":"ping"}')).toEqual({ kind: 'ping' });
    expect(read('{"type":"error","msg":"no"}')).toEqual({ kind: 'error', text: 'no' });
    expect(read('{"type":"error"}')).toEqual({ kind: 'error', text: 'no reason given' });
    expect(read('{"type":"news","data":[]}')).toEqual({ kind: 'unknown', type: 'news' });
    expect(read('{"type":{"a":1}}')).toEqual({ kind: 'unknown', type: '{"a":1}' });
    expect(read('{}')).toEqual({ kind: 'unknown', type: 'none' });
  });

  it('never throws, and keeps the bytes of what it cannot read', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((text) => Buffer.from(text)),
        ),
        (bytes) => {
          const frame = readFrame(Buffer.from(bytes), 'finnhub', 1000);
          if (frame.kind !== 'message' || !frame.message.problem) return;
          expect(frame.message.problem.code).toBe('FDP_MESSAGE_UNREADABLE');
          expect(frame.message.raw).toEqual(Uint8Array.from(bytes));
        },
      ),
    );
  });

  it('knows an error about too many symbols', () => {
    expect(isAboutLimit('Subscribing to too many symbols')).toBe(true);
    expect(isAboutLimit('API limit reached. Please try again later.')).toBe(false);
  });

  const lost = { fault: 'transient', waitMs: undefined } as const;
  const ended = (openMs?: number, isPolite = true): Ended => ({ error: lost, openMs, isPolite });
  const busy = (waitMs?: number): Ended => ({
    error: { fault: 'throttled', waitMs },
    openMs: undefined,
    isPolite: false,
  });
  const highest = { next: () => 0.999_999 };

  it('waits a random part of a time that doubles from 0.5 s to 30 s, and starts again after a healthy minute', () => {
    const reconnects = new Reconnects({ minMs: 500, maxMs: 30_000, healthyMs: 60_000 }, highest);
    const waits = Array.from({ length: 8 }, () => Math.round(reconnects.after(ended()).waitMs));
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    expect(Math.round(reconnects.after(ended(59_999)).waitMs)).toBe(30_000);
    expect(Math.round(reconnects.after(ended(60_000)).waitMs)).toBe(500);
    const random = new Reconnects({ minMs: 500, maxMs: 500, healthyMs: 60_000 }, seededChance(1));
    const spread = Array.from({ length: 200 }, () => random.after(ended()).waitMs);
    expect(Math.min(...spread)).toBeLessThan(50);
    expect(Math.max(...spread)).toBeGreaterThan(450);
  });

  it('waits half a minute after a 429 and longer after more of them, or as long as the server asks', () => {
    const reconnects = new Reconnects({ minMs: 500, maxMs: 30_000, healthyMs: 60_000 }, highest);
    const waits = Array.from({ length: 7 }, () => Math.round(reconnects.after(busy()).waitMs / 1000));
    expect(waits).toEqual([30, 60, 120, 240, 480, 600, 600]);
    const least = new Reconnects({ minMs: 500, maxMs: 30_000, healthyMs: 60_000 }, { next: () => 0 });
    expect(least.after(busy()).waitMs).toBe(15_000);
    expect(least.after(busy(90_000)).waitMs).toBe(90_000);
    expect(reconnects.after(busy(90_000)).waitMs).toBeLessThanOrEqual(95_000);
    reconnects.after(ended(1));
    expect(Math.round(reconnects.after(busy()).waitMs / 1000)).toBe(30);
  });

  it('suspects another user of its key at the fourth short connection in a row that was ended politely', () => {
    const options = { minMs: 500, maxMs: 30_000, healthyMs: 60_000 };
    const reconnects = new Reconnects(options, seededChance(1));
    const suspects = (...given: Parameters<typeof ended>) => reconnects.after(ended(...given)).isKeyInUse;
    expect([suspects(1), suspects(9999), suspects(), suspects(3)]).toEqual([false, false, false, false]);
    expect(reconnects.after(ended(5))).toEqual({ waitMs: 30_000, isKeyInUse: true });
    expect([suspects(), suspects(10_000), suspects(1)]).toEqual([false, false, false]);
    const flapping = new Reconnects({ ...options, maxMs: 120_000 }, seededChance(1));
    for (let loss = 0; loss < 20; loss++) expect(flapping.after(ended(5, false)).isKeyInUse).toBe(false);
    for (let close = 0; close < 3; close++) flapping.after(ended(5));
    expect(flapping.after(ended(5)).waitMs).toBe(60_000);
  });

  it.each<readonly [string | undefined, number | undefined]>([
    [undefined, undefined],
    ['40', 40_000],
    ['0', 0],
    ['Sun, 06 Nov 1994 08:49:57 GMT', 20_000],
    ['Sunday, 06-Nov-94 08:49:57 GMT', 20_000],
    ['Sun Nov  6 08:49:57 1994', 20_000],
    ['Sun, 06 Nov 1994 08:49:00 GMT', 0],
    ['99999999999', 3_600_000],
    ['-5', undefined],
    ['1.5', undefined],
    ['soon', undefined],
  ])('takes Retry-After: %s for %s ms', (text, expected) => {
    const now = Date.parse('1994-11-06T08:49:37Z');
    const headers = text === undefined ? {} : { 'retry-after': text };
    expect(retryAfterMs(headers, now)).toBe(expected);
    // The server's clock counts, not ours.
    const date = 'Sun, 06 Nov 1994 08:49:37 GMT';
    expect(retryAfterMs({ ...headers, date }, now + 7_200_000)).toBe(expected);
  });

  it('refuses an address that is none of a WebSocket, and a token in it', () => {
    const mistakes = (url: string) => {
      const found: string[] = [];
      const options = optionsOf(finnhub, { url, token: 'x', symbols: ['AAPL'] });
      finnhub.check?.(options, (path) => void found.push(path.join('.')));
      return found;
    };
    expect(mistakes('wss://ws.finnhub.io')).toEqual([]);
    expect(mistakes('ws://[::1]:8765/feed')).toEqual([]);
    for (const url of ['https://finnhub.io', 'ws.finnhub.io', '', 'wss://ws.finnhub.io?token=abc'])
      expect(mistakes(url)).toEqual(['url']);
  });
});
