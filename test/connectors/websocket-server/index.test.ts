import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FaultOptions, Faults } from '../../../connectors/websocket-server/faults.ts';
import { frameFor, isTradeFrame, readAsk } from '../../../connectors/websocket-server/protocol.ts';
import { seededChance } from '../../../src/kit/chance.ts';
import { VirtualClock } from '../../../src/simulate/virtual-clock.ts';

const peace: FaultOptions = {
  disconnectEvery: undefined,
  garbage: 0,
  duplicate: 0,
  late: 0,
  silenceEvery: undefined,
  silenceMs: 1000,
};

function faults(options: Partial<FaultOptions>, seed = 1) {
  const clock = new VirtualClock();
  return { clock, faults: new Faults({ ...peace, ...options }, { clock, chance: seededChance(seed) }) };
}

describe('websocket_server', () => {
  it('reads what Finnhub clients send, and answers the rest with what is wrong', () => {
    expect(readAsk('{"type":"subscribe","symbol":"AAPL"}')).toEqual({ kind: 'subscribe', symbol: 'AAPL' });
    expect(readAsk('{"type":"unsubscribe","symbol":"AAPL"}')).toEqual({ kind: 'unsubscribe', symbol: 'AAPL' });
    expect(readAsk('{"type":"fault","fault":"cut","for":"2s"}')).toEqual({ kind: 'fault', fault: 'cut', for: '2s' });
    const mistakes = [
      '',
      'null',
      '[]',
      '{}',
      '{"type":"subscribe"}',
      '{"type":"subscribe","symbol":""}',
      '{"type":"x"}',
    ];
    for (const text of [...mistakes, '{"type":"fault","fault":"fire"}', '{"type":"fault","fault":"cut","for":2}'])
      expect(readAsk(text).kind).toBe('mistake');
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => void readAsk(text)));
  });

  it('gives a client the trades of its symbols, in order and unchanged', () => {
    const frame = { type: 'trade', data: [{ s: 'A', p: 1 }, { s: 'B' }, { s: 'A', p: 2, c: ['1'] }] } as const;
    expect(frameFor(frame, new Set(['A', 'C']))).toBe(
      '{"type":"trade","data":[{"s":"A","p":1},{"s":"A","p":2,"c":["1"]}]}',
    );
    expect(frameFor(frame, new Set(['C']))).toBeUndefined();
    expect(isTradeFrame(frame)).toBe(true);
    for (const other of [null, 1, [], { type: 'ping' }, { type: 'trade' }, { type: 'trade', data: [{}] }])
      expect(isTradeFrame(other)).toBe(false);
  });

  it('makes no faults unless requested', () => {
    const quiet = faults({});
    for (let frame = 0; frame < 1000; frame++)
      expect(quiet.faults.next()).toEqual({
        disconnect: false,
        garbage: undefined,
        duplicate: false,
        late: 0,
        silence: false,
      });
  });

  it('draws faults from the injected chance: as often as configured, and the same for the same seed', () => {
    const draw = () => {
      const { faults: drawn } = faults({ disconnectEvery: 100, garbage: 0.1, duplicate: 0.2, late: 0.3 }, 7);
      return Array.from({ length: 5000 }, () => drawn.next());
    };
    const mishaps = draw();
    expect(draw()).toEqual(mishaps);
    const share = (test: (mishap: (typeof mishaps)[number]) => boolean) => mishaps.filter(test).length / mishaps.length;
    expect(share(({ disconnect }) => disconnect)).toBe(0.01);
    expect(share(({ garbage }) => garbage !== undefined)).toBeCloseTo(0.1, 1);
    expect(share(({ duplicate }) => duplicate)).toBeCloseTo(0.2, 1);
    expect(share(({ late }) => late > 0)).toBeCloseTo(0.3, 1);
  });

  it('is silent for its time after so many frames, and then begins to count again', async () => {
    const { faults: drawn, clock } = faults({ silenceEvery: 3, silenceMs: 1000 });
    const heard = () => Array.from({ length: 5 }, () => drawn.next().silence);
    expect(heard()).toEqual([false, false, true, true, true]);
    await clock.advance(1000);
    expect(heard()).toEqual([false, false, true, true, true]);
  });

  it('ends a requested fault when its time is over', async () => {
    const { faults: drawn, clock } = faults({});
    drawn.ask('duplicate', 500);
    expect(Array.from({ length: 20 }, () => drawn.next().duplicate)).toContain(true);
    await clock.advance(500);
    expect(Array.from({ length: 20 }, () => drawn.next().duplicate)).not.toContain(true);
  });
});
