import { describe, expect, it } from 'vitest';
import { BarFeed } from '../../../connectors/terminal/bar-feed.ts';
import type { BarQuestion } from '../../../connectors/terminal/bar-request.ts';
import type { Bar } from '../../../src/kit/bar.ts';
import { VirtualClock } from '../../../src/simulate/virtual-clock.ts';

const minuteMs = 60_000;
const lengths: Readonly<Record<string, number>> = { '1m': minuteMs, '5m': 5 * minuteMs, '1d': 1440 * minuteMs };
const wanted = { symbol: 'A', interval: '1m', count: 40 };

/** A `BarFeed` on virtual time with an API: one bar per interval until now, each closed at `price`. */
function feedOf({ intervals = ['1m', '5m'], delayMs = 10 } = {}) {
  const clock = new VirtualClock();
  const asked: (BarQuestion & { readonly at: number })[] = [];
  const world = { problem: undefined as string | undefined, price: 10, atOnce: 0, most: 0, skipped: 0 };
  const started = clock.now();
  const ask = async (question: BarQuestion, signal: AbortSignal): Promise<readonly Bar[]> => {
    asked.push({ ...question, at: clock.now() - started });
    world.most = Math.max(world.most, ++world.atOnce);
    await clock.sleep(delayMs, signal);
    world.atOnce--;
    if (world.problem) throw new Error(world.problem);
    const lengthMs = lengths[question.interval] ?? 0;
    const last = Math.floor(clock.now() / lengthMs) * lengthMs;
    return Array.from({ length: question.limit }, (_, place) => {
      const start = last - (question.limit - 1 - place + world.skipped) * lengthMs;
      const { price } = world;
      return {
        ...{ start, end: start + lengthMs, open: price, high: price, low: price, close: price, volume: 1 },
        ...{ vwap: undefined, trades: undefined, lateTrades: 0, gapMs: 0, state: 'complete' },
      };
    });
  };
  let changes = 0;
  const feed = new BarFeed({ clock, ask, intervals, onChange: () => void changes++ });
  const take = (price: number, symbol = 'A') =>
    feed.take({ symbol, feedSymbol: symbol, price, vwap: undefined, time: clock.now() }, clock.now());
  return { clock, feed, asked, world, take, changes: () => changes };
}

describe('the bars of the dashboard', () => {
  it('are requested only while they are shown: all, then the newest every 5 s, and all once a minute', async () => {
    const { clock, feed, asked } = feedOf();
    await clock.advance(60_000);
    expect(asked).toEqual([]);
    feed.want(wanted);
    await clock.advance(130_000);
    expect(asked.length).toBeLessThanOrEqual(27);
    expect(asked.map(({ limit }) => limit).filter((limit) => limit !== 3)).toEqual([40, 40, 40]);
    expect(new Set(asked.map(({ symbol }) => symbol))).toEqual(new Set(['A']));
    const { length } = asked;
    feed.want(undefined);
    await clock.advance(60_000);
    expect(asked).toHaveLength(length);
    expect([feed.shown, clock.timers]).toEqual([undefined, 0]);
  });

  it('are requested once when a key is held down, and never twice at a time', async () => {
    const { clock, feed, asked, world } = feedOf({ delayMs: 3000 });
    for (let place = 0; place < 100; place++) {
      feed.want({ ...wanted, symbol: `S${place}` });
      await clock.advance(30);
    }
    await clock.advance(4000);
    expect(asked.map(({ symbol }) => symbol)).toEqual(['S99']);
    expect(feed.shown?.bars).toHaveLength(40);
    feed.want(wanted);
    await clock.advance(200);
    feed.want({ ...wanted, interval: '5m' });
    await clock.advance(60_000);
    expect(feed.shown).toMatchObject({ symbol: 'A', interval: '5m' });
    feed.pause();
    await clock.advance(1);
    expect([world.most, clock.timers]).toEqual([1, 0]);
  });

  it('are all requested again when the chart has room for more, not when it has room for less', async () => {
    const { clock, feed, asked } = feedOf();
    feed.want(wanted);
    await clock.advance(1000);
    feed.want({ ...wanted, count: 20 });
    await clock.advance(1000);
    expect(asked.map(({ limit }) => limit)).toEqual([40]);
    feed.want({ ...wanted, count: 9999 });
    await clock.advance(1000);
    expect(asked.map(({ limit }) => limit)).toEqual([40, 500]);
  });

  it('are updated by each line of their symbol until the next response of the API', async () => {
    const { clock, feed, take, world } = feedOf();
    feed.want(wanted);
    await clock.advance(1000);
    take(12);
    take(99, 'B');
    take(11);
    expect(feed.shown?.bars?.at(-1)).toMatchObject({ open: 10, high: 12, close: 11, low: 10 });
    world.price = 11;
    await clock.advance(5000);
    expect(feed.shown?.bars?.at(-1)).toMatchObject({ open: 11, high: 11, close: 11 });
  });

  it('keep the lines that the feed sent during a request', async () => {
    const { clock, feed, asked, take } = feedOf({ delayMs: 1000 });
    feed.want(wanted);
    await clock.advance(6500);
    expect(asked).toHaveLength(2);
    take(15);
    await clock.advance(1000);
    expect(feed.shown?.bars?.at(-1)).toMatchObject({ high: 15, close: 15 });
  });

  it('are all requested again when the newest do not overlap with the known ones', async () => {
    const { clock, feed, asked, world } = feedOf();
    feed.want(wanted);
    await clock.advance(1000);
    world.skipped = -5;
    await clock.advance(5000);
    expect(asked.map(({ limit }) => limit)).toEqual([40, 3, 40]);
    expect(feed.shown?.bars).toHaveLength(40);
  });

  it('report why there are none, are requested again every 5 s, and are then complete', async () => {
    const { clock, feed, asked, world, changes } = feedOf();
    feed.want(wanted);
    await clock.advance(1000);
    world.problem = 'nobody answers';
    await clock.advance(60_000);
    expect(feed.shown?.problem).toBe('nobody answers');
    expect(asked.length).toBeLessThanOrEqual(14);
    const before = changes();
    world.problem = undefined;
    await clock.advance(5500);
    expect(asked.at(-1)?.limit).toBe(40);
    expect(feed.shown?.problem).toBeUndefined();
    expect(changes()).toBeGreaterThan(before);
  });

  it("have the day's range if there are daily bars, requested every 30 s, and updated by the feed", async () => {
    const { clock, feed, asked, take } = feedOf({ intervals: ['1m', '1d'] });
    feed.want(wanted);
    await clock.advance(29_000);
    expect(asked.filter(({ interval }) => interval === '1d').map(({ limit }) => limit)).toEqual([2]);
    take(14);
    expect(feed.shown?.days.map(({ high }) => high)).toEqual([10, 14]);
    await clock.advance(10_000);
    expect(asked.filter(({ interval }) => interval === '1d')).toHaveLength(2);
    feed.want({ ...wanted, interval: '1d' });
    await clock.advance(1000);
    expect(feed.shown?.days).toHaveLength(2);
    feed.pause();
  });
});
