import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isAboutKey, isAboutLimit, readFrame } from '../../connectors/finnhub/frames.ts';
import { Reconnects } from '../../connectors/finnhub/reconnects.ts';
import { finnhub } from '../../connectors/finnhub.ts';
import { seededChance } from '../../src/engine/chance.ts';
import { optionsOf } from '../support/options.ts';

const read = (text: string) => readFrame(Buffer.from(text), 'finnhub', 1000);

describe('finnhub', () => {
  it('dates a frame by its latest trade, wherever that stands, and by the clock when there is none', () => {
    expect(read('{"type":"trade","data":[{"t":5},{"t":9},{"t":7}]}')).toMatchObject({ message: { timestamp: 9 } });
    for (const data of ['[]', '[{"t":"9"}]', '[null,3]', '{}', '[{"t":1e300}]', 'null'])
      expect(read(`{"type":"trade","data":${data}}`)).toMatchObject({ kind: 'message', message: { timestamp: 1000 } });
  });

  it('tells the kinds of frames apart', () => {
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

  it.each([
    'Invalid API key',
    'Invalid API key.',
    'invalid token',
    'Token is invalid',
    'API key missing',
    'Unauthorized',
  ])('takes the error "%s" as a refused key', (text) => expect(isAboutKey(text)).toBe(true));

  it.each([
    'Subscribing to too many symbols',
    'Invalid symbol',
    "You don't have access to this resource.",
    'Unknown message type',
  ])('does not take the error "%s" as a refused key', (text) => expect(isAboutKey(text)).toBe(false));

  it('knows an error about too many symbols', () => {
    expect(isAboutLimit('Subscribing to too many symbols')).toBe(true);
    expect(isAboutLimit('API limit reached. Please try again later.')).toBe(false);
  });

  it('waits a random part of a time that doubles from 0.5 s to 30 s, and begins anew after a healthy minute', () => {
    const highest = { next: () => 0.999_999 };
    const reconnects = new Reconnects({ minMs: 500, maxMs: 30_000, healthyMs: 60_000 }, highest);
    const waits = Array.from({ length: 8 }, () => Math.round(reconnects.after(undefined).waitMs));
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    expect(Math.round(reconnects.after(59_999).waitMs)).toBe(30_000);
    expect(Math.round(reconnects.after(60_000).waitMs)).toBe(500);
    const random = new Reconnects({ minMs: 500, maxMs: 500, healthyMs: 60_000 }, seededChance(1));
    const spread = Array.from({ length: 200 }, () => random.after(undefined).waitMs);
    expect(Math.min(...spread)).toBeLessThan(50);
    expect(Math.max(...spread)).toBeGreaterThan(450);
  });

  it('suspects another user of its key at the fourth short connection in a row, failed tries between them or not', () => {
    const reconnects = new Reconnects({ minMs: 500, maxMs: 30_000, healthyMs: 60_000 }, seededChance(1));
    const suspects = (openMs?: number) => reconnects.after(openMs).isKeyInUse;
    expect([suspects(1), suspects(9999), suspects(), suspects(3)]).toEqual([false, false, false, false]);
    expect(reconnects.after(5)).toEqual({ waitMs: 60_000, isKeyInUse: true });
    expect([suspects(), suspects(10_000), suspects(1)]).toEqual([false, false, false]);
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
