import { describe, expect, it } from 'vitest';
import { KafkaLane } from '../../../connectors/kafka/lane.ts';
import type { KafkaRecord } from '../../../connectors/kafka/record-batch.ts';
import { readLogUsage } from '../../../connectors/shared/log/usage.ts';
import { systemClock } from '../../../src/kit/clock.ts';
import { roleContext } from '../../../src/testing/environment.ts';
import { countedListeners } from '../../support/engine/abort-listeners.ts';

const never = new AbortController().signal;
const record = (offset: number, bytes = 10): KafkaRecord => ({
  ...{ offset, timestamp: offset, key: null },
  value: Buffer.from(JSON.stringify('x'.repeat(bytes - 2))),
});

function laneAt(position: number, { first = 0, end = 1000, warmUp = 0, batch = 100 } = {}) {
  const context = roleContext();
  const commits: number[] = [];
  let hungry = 0;
  const warmFrom = (before: number) => Math.min(Math.max(first, before - warmUp), before);
  const lane = new KafkaLane({
    ...{
      id: 'id/topic/0',
      name: 'ticks',
      topic: 'topic',
      partition: 0,
      start: { position },
      warmFrom: warmFrom(position),
      end,
      context,
      stopped: never,
    },
    usage: readLogUsage({ group: 'group', from: 'earliest', warm_up: warmUp, batch, batch_bytes: '64KiB' }),
    commit: async (to) => void commits.push(to.position),
    onHungry: () => {
      hungry++;
    },
    warmUpStart: async (before) => warmFrom(before),
    recordAt: async () => undefined,
    range: async () => ({ first, next: end }),
  });
  const take = (
    offset: number,
    items: readonly KafkaRecord[],
    next: number | undefined = offset + items.length,
    stable = end,
  ) => lane.take(offset, { partition: 0, error: 0, end, stable, next, batches: [], items });
  return { lane, commits, take, context, wasHungry: () => hungry };
}

describe('a lane of kafka', () => {
  it('fetches more only while it holds little', async () => {
    const { lane, take, wasHungry } = laneAt(0);
    expect(lane.want).toEqual({ partition: 0, offset: 0, maxBytes: 512 * 1024 });
    take(0, [record(0, 300_000)]);
    expect(lane.want).toBeUndefined();
    await lane.read(never);
    expect(lane.want).toMatchObject({ offset: 1 });
    expect(wasHungry()).toBe(1);
  });

  it('takes no answer to a question of before', () => {
    const { lane, take } = laneAt(5);
    take(3, [record(3), record(4), record(5)]);
    expect(lane.want).toMatchObject({ offset: 5 });
    take(5, [record(3), record(4), record(5)], 6);
    expect(lane.want).toMatchObject({ offset: 6 });
  });

  it('gives only what lies at or after its position, of a batch that begins before it', async () => {
    const { lane, take } = laneAt(5);
    take(5, [record(3), record(4), record(5), record(6)], 7);
    const reading = await lane.read(never);
    expect(reading?.messages.map(({ meta }) => meta.offset)).toEqual([5, 6]);
    expect(reading?.position).toBe(7);
  });

  it('is not behind because of what Kafka wrote between', async () => {
    const { lane, take, commits } = laneAt(0, { end: 4 });
    take(0, [record(0), record(1)], 4);
    await lane.read(never);
    expect(lane.lag).toBe(4);
    await lane.group.commit(2);
    expect(commits).toEqual([2]);
    expect(lane.lag).toBe(0);
  });

  it('knows with each reading whether more is in the log, before an open transaction', async () => {
    const { lane, take } = laneAt(0, { end: 50, batch: 1 });
    const more = async () => (await lane.read(never))?.more;
    take(0, [record(0), record(1)], 2, 4);
    expect([await more(), await more()]).toEqual([true, true]);
    take(2, [record(2)], 4, 4);
    expect(await more()).toBe(false);
  });

  it('gives nothing, once, in place of the more that was only markers of transactions', async () => {
    const { lane, take, commits } = laneAt(0, { end: 9 });
    take(0, [record(0), record(1)]);
    expect(await lane.read(never)).toMatchObject({ position: 2, more: true });
    const next = lane.read(never);
    take(2, [], 5);
    await systemClock.turn();
    take(5, [], 9);
    expect(await next).toEqual({ messages: [], bytes: 0, more: false });
    const after = lane.read(never);
    take(9, [], undefined);
    take(9, [record(9)], 10);
    expect(await after).toMatchObject({ position: 10 });
    expect(commits).toEqual([]);
  });

  it('is behind by what waits behind an open transaction, and names where that begins once it has come there', async () => {
    const { lane, take } = laneAt(0, { end: 50 });
    take(0, [record(0), record(1)], 20, 30);
    await lane.read(never);
    await lane.group.commit(2);
    expect([lane.lag, lane.heldUpAt]).toEqual([30, undefined]);
    take(20, [], 30, 30);
    expect([lane.lag, lane.heldUpAt, lane.heldUp]).toEqual([20, 30, 20]);
    take(30, [], 50, 50);
    expect([lane.lag, lane.heldUpAt, lane.heldUp]).toEqual([0, undefined, 0]);
  });

  it('warms up to its position and no further, also across a hole', async () => {
    const { lane, take } = laneAt(10, { warmUp: 5, batch: 2 });
    expect(lane.want).toMatchObject({ offset: 5 });
    take(5, [record(5), record(6), record(9), record(11)], 12);
    const readings = [await lane.read(never), await lane.read(never), await lane.read(never)];
    expect(readings.map((reading) => [reading?.warmUp, reading?.messages.length, reading?.position])).toEqual([
      [true, 2, undefined],
      [true, 1, undefined],
      [undefined, 1, 12],
    ]);
  });

  it('waits while the records to warm up with have not come', async () => {
    const { lane, take } = laneAt(10, { warmUp: 5 });
    const first = lane.read(never);
    take(5, [], 10);
    take(10, [record(10)]);
    expect(await first).toMatchObject({ position: 11 });
  });

  it('listens no more after a thousand empty fetches than after one', async () => {
    using listeners = countedListeners();
    const { lane, take } = laneAt(0);
    const reading = lane.read(new AbortController().signal);
    const fetchNothing = async () => {
      take(0, [], 0);
      await systemClock.turn();
    };
    await fetchNothing();
    const once = listeners.count;
    for (let round = 0; round < 1000; round++) await fetchNothing();
    expect(listeners.count).toBe(once);
    lane.revoke();
    await reading;
    expect(listeners.count).toBe(0);
  });

  it('counts as a gap what it never gave, not what it would have warmed up with', () => {
    const { lane, context } = laneAt(10, { warmUp: 5 });
    lane.skipTo(8);
    expect(context.node.extra).toEqual({});
    lane.skipTo(14);
    expect(context.node.extra).toEqual({ gap: 4 });
    expect(lane.want).toMatchObject({ offset: 14 });
  });

  it('returns and commits nothing once it was revoked', async () => {
    const { lane, take, commits } = laneAt(0);
    const reading = lane.read(never);
    lane.revoke();
    expect(await reading).toBeUndefined();
    take(0, [record(0)]);
    expect(await lane.read(never)).toBeUndefined();
    expect(lane.want).toBeUndefined();
    await expect(lane.group.commit(1)).rejects.toMatchObject({ code: 'FDP_LEASE_LOST' });
    expect(commits).toEqual([]);
  });
});
