import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mock } from '../../../connectors/mock/index.ts';
import type { Trade } from '../../../connectors/shared/feed/trade.ts';
import type { Lane, Reading, Source } from '../../../src/kit/source.ts';
import { VirtualClock } from '../../../src/simulate/virtual-clock.ts';
import { roleContext, testEnvironment } from '../../../src/testing/environment.ts';

const symbols = ['AAPL', 'GOOGL', 'TSLA', 'MSFT', 'NVDA', 'AMD'];
const defaults = { symbols, rate: '50/s', seed: 42 };
const never = new AbortController().signal;

async function market(options: object, clock = new VirtualClock()) {
  const environment = testEnvironment(clock);
  const connector = await mock.create({ ...defaults, ...options }, { ...environment, name: 'mock' });
  const source = connector.source?.({}, roleContext(environment)) as Source;
  await source.connect(never);
  let lane: Lane | undefined;
  let completed = false;
  const intake = source.lanes.subscribe({
    next: (opened) => {
      lane = opened;
    },
    complete: () => {
      completed = true;
    },
  });
  if (!lane) throw new Error('the mock opened no lane');
  return { clock, source, lane, intake, isCompleted: () => completed };
}

function tradesOf(readings: readonly Reading[]): Trade[] {
  return readings.flatMap((reading) =>
    reading.messages.flatMap((message) => (message.value as { data: readonly Trade[] }).data),
  );
}

/** Reads until the market closes. */
async function readAll({ clock, lane }: { clock: VirtualClock; lane: Lane }): Promise<Reading[]> {
  const readings: Reading[] = [];
  for (;;) {
    const reading = await clock.until(lane.read(never));
    if (!reading) return readings;
    readings.push(reading);
  }
}

describe('mock', () => {
  it('gives the same trades byte for byte for the same seed, and others for another', async () => {
    const hashes = await Promise.all(
      [42, 42, 43].map(async (seed) => {
        const readings = await readAll(await market({ seed, limit: 5000, start: '2025-11-20T14:30:00Z' }));
        const values = readings.flatMap((reading) => reading.messages.map((message) => message.value));
        return createHash('sha256').update(JSON.stringify(values)).digest('hex').slice(0, 16);
      }),
    );
    expect(hashes[0]).toBe('ff7f599b7b25c779');
    expect(hashes[1]).toBe(hashes[0]);
    expect(hashes[2]).not.toBe(hashes[0]);
  });

  it('gives the same trades however late and in whatever portions it is read', async () => {
    const whole = tradesOf(await readAll(await market({ limit: 400 })));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 3000 }), { minLength: 1 }), async (pauses) => {
        const opened = await market({ limit: 400 });
        const readings: Reading[] = [];
        for (let index = 0; ; index++) {
          await opened.clock.advance(pauses[index % pauses.length] ?? 0);
          const reading = await opened.clock.until(opened.lane.read(never));
          if (!reading) break;
          readings.push(reading);
        }
        expect(tradesOf(readings)).toEqual(whole);
      }),
      { numRuns: 30 },
    );
  });

  it('keeps its rate over an hour, and its event time is never ahead of the clock or going backwards', async () => {
    const opened = await market({ rate: '50/s', limit: 3600 * 50 });
    const begin = opened.clock.now();
    let latest = begin;
    let trades = 0;
    // Collected: an `expect` for each of 180,000 trades takes longer than the trades.
    const wrong: unknown[] = [];
    for (;;) {
      const reading = await opened.clock.until(opened.lane.read(never));
      if (!reading) break;
      for (const trade of tradesOf([reading])) {
        if (!(trade.t >= latest)) wrong.push({ trade, latest });
        latest = trade.t;
        trades++;
      }
      const now = opened.clock.now();
      const due = ((now - begin) / 1000) * 50;
      if (!(latest <= now && Math.abs(trades - due) <= 8)) wrong.push({ latest, now, trades, due });
    }
    expect(wrong).toEqual([]);
    expect(trades).toBe(180_000);
    expect(opened.clock.now() - begin).toBeGreaterThanOrEqual(3_599_000);
    expect(opened.clock.now() - begin).toBeLessThanOrEqual(3_600_200);
  });

  it('makes up for a pause in portions of at most 100 frames', async () => {
    const opened = await market({ rate: '50/s' });
    await opened.clock.until(opened.lane.read(never));
    await opened.clock.advance(60_000);
    const first = await opened.lane.read(never);
    expect(first?.messages).toHaveLength(100);
    let trades = tradesOf(first ? [first] : []).length;
    while (trades < 2900) {
      const before = opened.clock.now();
      const reading = await opened.lane.read(never);
      expect(opened.clock.now()).toBe(before);
      trades += tradesOf(reading ? [reading] : []).length;
    }
  });

  it('gives 100 frames a reading at the rate `max`, and lets others run between two', async () => {
    const opened = await market({ rate: 'max', limit: 100_000 });
    let turned = false;
    setImmediate(() => {
      turned = true;
    });
    const reading = await opened.lane.read(never);
    expect(turned).toBe(true);
    expect(reading?.messages).toHaveLength(100);
    expect(tradesOf(await readAll(opened)).length + tradesOf(reading ? [reading] : []).length).toBe(100_000);
  });

  it('closes after `limit` trades: no further reading, and the lanes complete', async () => {
    const opened = await market({ limit: 7 });
    expect(tradesOf(await readAll(opened))).toHaveLength(7);
    expect(opened.isCompleted()).toBe(true);
    expect(await opened.lane.read(never)).toBeUndefined();
  });

  it('stops a waiting read when its lanes are unsubscribed', async () => {
    const opened = await market({ rate: '1/h' });
    const reading = opened.lane.read(never);
    opened.intake.unsubscribe();
    expect(await reading).toBeUndefined();
    expect(await opened.lane.read(never)).toBeUndefined();
  });

  it('ends when its reader gives up', async () => {
    const opened = await market({ rate: '1/h' });
    const impatient = new AbortController();
    const reading = opened.lane.read(impatient.signal);
    impatient.abort();
    expect(await reading).toBeUndefined();
    expect(await opened.lane.read(never)).toBeUndefined();
    expect(opened.isCompleted()).toBe(false);
  });

  it('looks like a market: every symbol, equal times, zero volumes, odd lots, cents and rarely four decimals', async () => {
    const trades = tradesOf(await readAll(await market({ rate: 'max', limit: 50_000 })));
    const share = (test: (trade: Trade, index: number) => boolean) => trades.filter(test).length / trades.length;
    for (const symbol of symbols) expect(share(({ s }) => s === symbol)).toBeGreaterThan(0.08);
    expect(share(({ t }, index) => index > 0 && t === trades[index - 1]?.t)).toBeGreaterThan(0.2);
    expect(share(({ v }) => v === 0)).toBeGreaterThan(0.001);
    expect(share(({ v }) => v === 0)).toBeLessThan(0.01);
    expect(share(({ v }) => v > 0 && v < 100)).toBeGreaterThan(0.4);
    expect(share(({ c }) => c === undefined)).toBeGreaterThan(0.1);
    expect(share(({ p }) => Math.round(p * 100) / 100 !== p)).toBeGreaterThan(0.01);
    expect(share(({ p }) => Math.round(p * 10_000) / 10_000 === p && p > 0)).toBe(1);
    for (const { v } of trades) expect(Number.isInteger(v)).toBe(true);
  });

  it('writes a frame as Finnhub does, dated by when it was read', async () => {
    const opened = await market({ rate: 'max', start: '2025-11-20T14:30:00Z' });
    const reading = await opened.lane.read(never);
    const frames = reading?.messages ?? [];
    expect(new Set(frames.map((frame) => tradesOf([{ messages: [frame], bytes: 0 }]).length)).size).toBeGreaterThan(3);
    for (const frame of frames) {
      const trades = tradesOf([{ messages: [frame], bytes: 0 }]);
      expect(trades.length).toBeGreaterThan(0);
      expect(frame).toMatchObject({ key: null, meta: { lane: 'mock' }, timestamp: new VirtualClock().now() });
      expect(JSON.stringify(frame.value)).toMatch(
        /^\{"type":"trade","data":\[\{"p":[\d.]+,"s":"[A-Z]+","t":17636\d+,"v":\d+/,
      );
    }
  });

  it('gives every topology that reads it a market of its own', async () => {
    const environment = testEnvironment(new VirtualClock());
    const connector = await mock.create({ ...defaults, rate: 'max', limit: 500 }, { ...environment, name: 'mock' });
    const runs = [1, 2].map(async () => {
      const source = connector.source?.({}, roleContext(environment)) as Source;
      const readings: Reading[] = [];
      const lanes: Lane[] = [];
      source.lanes.subscribe((lane) => lanes.push(lane));
      for (;;) {
        const reading = await lanes[0]?.read(never);
        if (!reading) return JSON.stringify(tradesOf(readings));
        readings.push(reading);
      }
    });
    const [one, other] = await Promise.all(runs);
    expect(one).toBe(other);
    await connector.close();
  });
});
