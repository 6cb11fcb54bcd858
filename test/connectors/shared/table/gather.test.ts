import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GatheringLane, sizes, start } from '../../../support/table/gathering-lane.ts';

const longestMs = 5000;
const laneMessages = 16_384;
const messagesPerKey = 8;
const mostBytes = 24 * 2 ** 20;
/** From here on lanes with a backlog take turns. */
const sharedBytes = 18 * 2 ** 20;

/** Beside a lane that has taken most of the room, and waits for more of its log. */
function withLittleRoom() {
  const started = start();
  const full = new GatheringLane(started.gather, started.clock);
  full.isBehind = true;
  full.give(1, { raw: new Uint8Array(sharedBytes) });
  return started;
}

describe('a sink that gathers', () => {
  it('writes what comes to a quiet lane at once, without a timer', () => {
    const { lane, clock } = start();
    lane.give(1);
    expect(sizes(lane)).toEqual([1]);
    expect(clock.timers).toBe(0);
  });

  it('writes as one what came while it wrote', async () => {
    const { lane } = start();
    lane.give(2);
    for (let batch = 0; batch < 5; batch++) lane.give(3);
    expect(sizes(lane)).toEqual([2]);
    await lane.durable();
    expect(sizes(lane)).toEqual([2, 15]);
    expect(lane.passedOn).toBe(2);
  });

  it('waits for more that was read already, and for no longer than that', () => {
    const { lane, clock } = start();
    lane.hasMore = true;
    lane.give(2);
    lane.give(2);
    expect(sizes(lane)).toEqual([]);
    lane.rest();
    expect(sizes(lane)).toEqual([4]);
    expect(clock.timers).toBe(0);
  });

  it('waits for more in the log while keys came less than eight times', () => {
    const { lane } = start();
    lane.isBehind = true;
    lane.give(100, { keys: 100 });
    for (let batch = 2; batch < messagesPerKey; batch++) lane.give(100, { keys: 100 });
    expect(sizes(lane)).toEqual([]);
    lane.give(100, { keys: 100 });
    expect(sizes(lane)).toEqual([800]);
  });

  it('does not wait for the log once all of it was read, though the end of it never came', () => {
    const { lane, clock } = start();
    lane.isBehind = true;
    lane.give(3, { keys: 3 });
    lane.isBehind = false;
    lane.rest();
    expect(sizes(lane)).toEqual([3]);
    expect(clock.timers).toBe(0);
  });

  it('waits for five seconds at most', async () => {
    const { lane, clock } = start();
    lane.hasMore = true;
    lane.give(2);
    await clock.advance(longestMs - 1);
    lane.give(2);
    expect(sizes(lane)).toEqual([]);
    await clock.advance(1);
    expect(sizes(lane)).toEqual([4]);
  });

  it('absorbs no more than its bounds, and what is over them waits in order', async () => {
    const { lane } = start();
    for (let batch = 0; batch < 60; batch++) lane.give(1000);
    expect(lane.absorbed).toBe(1000 + 16_000);
    await lane.durable();
    expect(sizes(lane)).toEqual([1000, 16_000]);
    expect(lane.absorbed).toBe(16_000 + 16_000);
    while (lane.passedOn < 60_000) await lane.durable();
    expect(Math.max(...sizes(lane))).toBeLessThanOrEqual(laneMessages);
    expect(lane.writes.flatMap(({ offsets }) => offsets)).toEqual(Array.from({ length: 60_000 }, (_, at) => at));
    expect(lane.absorbed).toBe(0);
  });

  it('lets lanes with a backlog of many keys gather side by side', () => {
    const { lane, clock, gather } = start();
    const lanes = [lane, new GatheringLane(gather, clock)];
    for (const each of lanes) each.isBehind = each.hasMore = true;
    for (let batch = 0; batch < 7; batch++) for (const each of lanes) each.give(100, { keys: 100 });
    expect(lanes.map(({ absorbed }) => absorbed)).toEqual([700, 700]);
  });

  it('lets lanes with a backlog of many keys gather one after the other when little room is left', async () => {
    const { lane, clock, gather } = withLittleRoom();
    const others = [new GatheringLane(gather, clock), new GatheringLane(gather, clock)] as const;
    const lanes = [lane, ...others];
    for (const each of lanes) each.isBehind = each.hasMore = true;
    for (let batch = 0; batch < messagesPerKey - 1; batch++) for (const each of lanes) each.give(100, { keys: 100 });
    expect(lanes.map(({ absorbed }) => absorbed)).toEqual([700, 100, 100]);
    for (const each of lanes) each.give(100, { keys: 100 });
    expect(lanes.map(sizes)).toEqual([[800], [800], [800]]);
    expect(clock.timers).toBe(1);
  });

  it('lets no lane wait for its turn for longer than five seconds', async () => {
    const { lane, clock, gather } = withLittleRoom();
    const other = new GatheringLane(gather, clock);
    for (const each of [lane, other]) each.isBehind = true;
    for (let batch = 0; batch < 2; batch++) for (const each of [lane, other]) each.give(100, { keys: 100 });
    await clock.advance(longestMs - 1);
    expect([lane, other].map(sizes)).toEqual([[], []]);
    await clock.advance(1);
    expect([lane, other].map(sizes)).toEqual([[200], [200]]);
  });

  it('passes the turn on of a lane that ends, is dropped, or whose log was read to its end', () => {
    const { lane, clock, gather } = withLittleRoom();
    const [second, third] = [new GatheringLane(gather, clock), new GatheringLane(gather, clock)];
    const lanes = [lane, second, third];
    for (const each of lanes) each.isBehind = true;
    for (let batch = 0; batch < 2; batch++) for (const each of lanes) each.give(100, { keys: 100 });
    expect(lanes.map(({ absorbed }) => absorbed)).toEqual([200, 100, 100]);
    lane.end();
    expect(lanes.map(({ absorbed }) => absorbed)).toEqual([200, 200, 100]);
    second.isBehind = false;
    second.rest();
    expect(lanes.map(({ absorbed }) => absorbed)).toEqual([200, 200, 200]);
    const fourth = new GatheringLane(gather, clock);
    fourth.isBehind = true;
    for (let batch = 0; batch < 2; batch++) fourth.give(100, { keys: 100 });
    expect(fourth.absorbed).toBe(100);
    third.subscription.unsubscribe();
    expect(fourth.absorbed).toBe(200);
  });

  it('needs no turn for what is not from a backlog', () => {
    const { lane, clock, gather } = withLittleRoom();
    const other = new GatheringLane(gather, clock);
    lane.isBehind = true;
    for (let batch = 0; batch < 2; batch++) lane.give(100, { keys: 100 });
    for (let batch = 0; batch < 3; batch++) other.give(100, { keys: 100 });
    expect([sizes(other), other.absorbed]).toEqual([[100], 300]);
  });

  it('waits for the room that a write will make, and writes if there is none', async () => {
    const { lane, clock, gather } = start();
    const other = new GatheringLane(gather, clock);
    const [raw, keys] = [new Uint8Array(2 ** 20), 1000];
    for (const each of [lane, other]) each.isBehind = true;
    for (let batch = 0; batch < 40; batch++) lane.give(1, { raw, keys });
    expect(lane.writes).toHaveLength(1);
    for (let batch = 0; batch < 40; batch++) other.give(1, { raw, keys });
    expect(other.writes).toHaveLength(0);
    expect(gather.bytes).toBeLessThan(mostBytes + 3 * raw.length);
    await lane.durable();
    lane.isBehind = false;
    lane.rest();
    expect(lane.writes).toHaveLength(2);
    expect(other.writes).toHaveLength(0);
    await lane.durable();
    expect(sizes(other)[0]).toBeGreaterThan(15);
  });

  it('counts the bytes of what it holds, over all lanes, and still lets every lane get on', async () => {
    const { lane, clock, gather } = start();
    const other = new GatheringLane(gather, clock);
    const raw = new Uint8Array(2 ** 20);
    for (let batch = 0; batch < 100; batch++) lane.give(1, { raw });
    expect(lane.absorbed).toBeGreaterThan(15);
    expect(lane.absorbed * raw.length).toBeLessThanOrEqual(mostBytes);
    other.give(1, { raw });
    other.give(1, { raw });
    expect(other.absorbed).toBe(1 + 1);
    expect(sizes(other)).toEqual([1]);
    await lane.durable();
    expect(gather.bytes).toBeLessThan(mostBytes + 3 * raw.length);
  });

  it('writes the rest when the lane ends, at once, and then it is complete', async () => {
    const { lane, clock } = start();
    lane.hasMore = true;
    lane.give(3);
    lane.end();
    expect(sizes(lane)).toEqual([3]);
    expect(lane.isComplete).toBe(false);
    await lane.durable();
    expect(lane.isComplete).toBe(true);
    expect(clock.timers).toBe(0);
  });

  it('writes everything once and in order, however it arrives and however long writes take', async () => {
    const step = fc.oneof(
      fc.record({ give: fc.integer({ min: 1, max: 2500 }) }),
      fc.constant({ durable: true }),
      fc.record({ pass: fc.integer({ min: 1, max: 3000 }) }),
      fc.record({ hasMore: fc.boolean() }),
      fc.record({ isBehind: fc.boolean() }),
    );
    const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 2 }), step), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(steps, fc.boolean(), fc.boolean(), async (steps, isToEnd, isLog) => {
        const { lane: first, clock, gather } = start(isLog);
        const lanes = [first, new GatheringLane(gather, clock, isLog), new GatheringLane(gather, clock)];
        const raw = new Uint8Array(100);
        const given = lanes.map(() => 0);
        for (const [at, step] of steps) {
          const lane = lanes[at] ?? first;
          if ('give' in step) {
            lane.give(step.give, { keys: 300, raw });
            given[at] = (given[at] ?? 0) + step.give;
          } else if ('durable' in step) await lane.durable();
          else if ('pass' in step) await clock.advance(step.pass);
          else if ('isBehind' in step) lane.isBehind = step.isBehind;
          else if (step.hasMore) lane.hasMore = true;
          else lane.rest();
          expect(lane.absorbed).toBeLessThanOrEqual(4 * laneMessages);
        }
        if (isToEnd) for (const lane of lanes) lane.end();
        const isDone = () => lanes.every(({ passedOn }, at) => passedOn === given[at]);
        for (let round = 0; round < 50 && !isDone(); round++) {
          for (const lane of lanes) await lane.durable();
          await clock.advance(longestMs);
        }
        for (const [at, { writes, absorbed }] of lanes.entries()) {
          const all = Array.from({ length: given[at] ?? 0 }, (_, n) => n);
          for (let key = 0; key < 300; key++) {
            const ofKey = (offset: number) => offset % 300 === key;
            expect(writes.flatMap(({ offsets }) => offsets.filter(ofKey))).toEqual(all.filter(ofKey));
          }
          expect(absorbed).toBe(0);
        }
        expect([gather.bytes, clock.timers]).toEqual([0, 0]);
        expect(lanes.every(({ isComplete }) => isComplete === isToEnd)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });
});
