import { expect, it } from 'vitest';
import { VirtualClock } from '../../../src/simulate/virtual-clock.ts';
import {
  append,
  drain,
  drainAll,
  type LogWorld,
  never,
  numbered,
  numbers,
  one,
  openSink,
  openSource,
  processOf,
  sourceOf,
  subscribed,
} from './log-harness.ts';

export function leaseCases(world: () => LogWorld): void {
  it('lets one process work a group, and the next as soon as it is given back', async () => {
    const process = await processOf(world(), one);
    await append(process, numbered(0, 3));
    const open = await openSource(process);
    const context = process.context('second');
    const second = sourceOf(process, { group: 'group' }, context);
    let connected = false;
    const waiting = second.connect(never).then(() => {
      connected = true;
    });
    await process.clock.advance(10_000);
    expect(connected).toBe(false);
    expect(context.node.state).toBe('standby');
    await drainAll(process, open, true);
    await process.clock.until(open.source.close());
    await process.clock.advance(200);
    expect(connected).toBe(true);
    await waiting;
    expect(second.takenOver).toBe(false);
    expect(second.lag?.()).toBeUndefined();
    const { lanes } = subscribed(second);
    expect(await drain(process, lanes[0] as never)).toEqual([]);
    await process.clock.until(second.close());
  });

  it('lets groups read side by side', async () => {
    const process = await processOf(world(), one);
    await append(process, numbered(0, 3));
    for (const group of ['a', 'b']) {
      const open = await openSource(process, { group });
      expect(await drainAll(process, open)).toHaveLength(3);
    }
  });

  it('stops standing by when it is aborted', async () => {
    const process = await processOf(world(), one);
    const open = await openSource(process);
    const second = sourceOf(process, { group: 'group' });
    const stop = new AbortController();
    const waiting = second.connect(stop.signal);
    await process.clock.advance(500);
    stop.abort();
    await expect(process.clock.until(waiting)).rejects.toMatchObject({ code: 'FDP_CLOSED' });
    await second.close();
    await process.clock.until(open.source.close());
  });

  it('takes over 3 s after the last heartbeat, and a holder that wakes up then can not commit any more', async () => {
    const asleep = await processOf(world(), one, new VirtualClock());
    await append(asleep, numbered(0, 10));
    const zombie = await openSource(asleep);
    await zombie.lanes[0]?.read(never);
    await asleep.clock.until(zombie.lanes[0]?.group?.commit(2) ?? Promise.reject());
    const awake = await processOf(world(), one, new VirtualClock());
    const source = sourceOf(awake, { group: 'group' });
    let connected = false;
    const waiting = source.connect(never).then(() => {
      connected = true;
    });
    await awake.clock.advance(2900);
    expect(connected).toBe(false);
    await awake.clock.advance(300);
    expect(connected).toBe(true);
    await waiting;
    expect(source.takenOver).toBe(true);
    await expect(asleep.clock.until(zombie.lanes[0]?.group?.commit(9) ?? Promise.resolve())).rejects.toMatchObject({
      code: 'FDP_LEASE_LOST',
    });
    expect(zombie.errors).toMatchObject([{ code: 'FDP_LEASE_LOST', fault: 'transient' }]);
    expect(zombie.lanes[0]?.signal.aborted).toBe(true);
    await zombie.source.close();
    const { lanes } = subscribed(source);
    expect((await drain(awake, lanes[0] as never)).map(({ meta }) => meta.offset)).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
    await awake.clock.until(source.close());
  });

  it('notices at its next heartbeat that it was replaced', async () => {
    const asleep = await processOf(world(), one, new VirtualClock());
    const zombie = await openSource(asleep);
    const awake = await processOf(world(), one, new VirtualClock());
    const source = sourceOf(awake, { group: 'group' });
    await awake.clock.until(source.connect(never));
    expect(zombie.errors).toEqual([]);
    await asleep.clock.advance(500);
    expect(zombie.errors).toMatchObject([{ code: 'FDP_LEASE_LOST' }]);
    await zombie.source.close();
    await awake.clock.until(source.close());
  });

  it('is not taken over while the holder sends heartbeats', async () => {
    const [clock, other] = [new VirtualClock(), new VirtualClock()];
    const holder = await openSource(await processOf(world(), one, clock));
    const source = sourceOf(await processOf(world(), one, other), { group: 'group' });
    const stop = new AbortController();
    let connected = false;
    const waiting = source.connect(stop.signal).then(
      () => {
        connected = true;
      },
      () => {},
    );
    for (let step = 0; step < 20; step++) {
      await clock.advance(500);
      await other.advance(500);
    }
    expect(connected).toBe(false);
    stop.abort();
    await other.until(waiting);
    await source.close();
    await clock.until(holder.source.close());
  });
}

export function retentionCases(world: () => LogWorld): void {
  const day = 24 * 3_600_000;

  it('removes old records once every group has read them', async () => {
    const process = await processOf(world(), { ...one, retention: '1m' });
    await append(process, numbered(0, 10));
    const open = await openSource(process);
    await open.lanes[0]?.read(never);
    await process.clock.until(open.lanes[0]?.group?.commit(6) ?? Promise.reject());
    const sink = await openSink(process);
    await process.clock.advance(30_000);
    expect(await open.lanes[0]?.log?.range()).toEqual({ first: 0, next: 10 });
    await process.clock.advance(60_000);
    expect(await open.lanes[0]?.log?.range()).toEqual({ first: 6, next: 10 });
    await process.clock.until(Promise.all([open.source.close(), sink.close()]));
  });

  it('forgets a group that was inactive for a day; if it comes back, it continues from the first record, and the gap is counted', async () => {
    const process = await processOf(world(), { ...one, retention: '1m' });
    await append(process, numbered(0, 10));
    const open = await openSource(process);
    await process.clock.until(open.source.close());
    const clock = new VirtualClock(process.clock.now() + day + 1000);
    const later = await processOf(world(), { ...one, retention: '1m' }, clock);
    const sink = await openSink(later);
    await clock.advance(20_000);
    await append(later, numbered(10, 12));
    const again = await openSource(later);
    expect(again.source.lag?.()).toBe(2);
    expect((await drainAll(later, again)).map(({ meta }) => meta.offset)).toEqual([10, 11]);
    expect(again.context.node.extra).toEqual({ gap: 10 });
    expect(again.context.log.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
    await clock.until(Promise.all([again.source.close(), sink.close()]));
  });

  it('removes unread records when the size requires it, and logs it', async () => {
    const process = await processOf(world(), { ...one, max_size: '2KiB' });
    const open = await openSource(process);
    const context = process.context();
    const sink = await openSink(process, context);
    await process.clock.until(sink.write(numbered(0, 100), never));
    await process.clock.advance(6000);
    const { first = 0 } = (await open.lanes[0]?.log?.range()) ?? {};
    expect(first).toBeGreaterThan(30);
    expect(first).toBeLessThan(99);
    expect(context.node.extra['gap']).toBe(first);
    expect(context.log.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
    expect((await drainAll(process, open)).map(({ meta }) => meta.offset)).toEqual(numbers(first, 100));
    expect(open.context.node.extra).toEqual({ gap: first });
    await process.clock.until(Promise.all([open.source.close(), sink.close()]));
  });
}
