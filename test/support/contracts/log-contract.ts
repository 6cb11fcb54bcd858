import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../src/simulate/virtual-clock.ts';
import {
  append,
  drain,
  drainAll,
  drainWarmUp,
  type LogWorld,
  messageWith,
  openSink,
  openSource,
  processOf,
  sourceOf,
  subscribed,
} from './log-harness.ts';

const never = new AbortController().signal;
const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);
const numbered = (from: number, to: number, key: string | null = 'A') =>
  numbers(from, to).map((n) => messageWith({ n }, { key, timestamp: 1000 + n }));
const one = { partitions: 1 };

/** The contract of all logs, for any kind of storage. */
export function logContract(type: string, create: () => Promise<LogWorld>): void {
  describe(type, () => {
    let world: LogWorld;
    beforeEach(async () => {
      world = await create();
    });
    afterEach(() => world.dispose());

    describe('records', () => recordCases(() => world));
    describe('positions', () => positionCases(() => world));
    describe('leases', () => leaseCases(() => world));
    describe('retention', () => retentionCases(() => world));
    it('gives every message of a key once and in order, however it is written, read, and opened again', () =>
      property(create));
  });
}

function recordCases(world: () => LogWorld): void {
  it('returns what was appended, with offsets from 0 without holes', async () => {
    const process = await processOf(world(), one);
    await append(process, [messageWith({ a: 1 }, { key: 'K', timestamp: 42 }), messageWith(null, { timestamp: 43 })]);
    const { lanes, source } = await openSource(process);
    const messages = await drain(process, lanes[0] as never);
    expect(messages).toEqual([
      {
        key: 'K',
        value: { a: 1 },
        timestamp: 42,
        raw: '{"a":1}',
        meta: { lane: lanes[0]?.id, topic: 'topic', partition: 0, offset: 0 },
      },
      {
        key: null,
        value: null,
        timestamp: 43,
        raw: 'null',
        meta: { lane: lanes[0]?.id, topic: 'topic', partition: 0, offset: 1 },
      },
    ]);
    expect(lanes[0]?.id).toMatch(/^[a-z0-9-]+\/topic\/0$/);
    await source.close();
  });

  it('sends messages of a key to one partition, the same for every process', async () => {
    const process = await processOf(world(), { partitions: 6 });
    const keys = ['AAPL', 'GOOGL', 'TSLA', 'MSFT', 'NVDA', 'AMD'];
    await append(
      process,
      keys.map((key) => messageWith(1, { key })),
    );
    await append(
      await processOf(world(), { partitions: 6 }),
      keys.map((key) => messageWith(2, { key })),
    );
    const open = await openSource(process);
    const partitions = new Map<string, Set<unknown>>();
    for (const { key, meta } of await drainAll(process, open))
      partitions.set(key as string, (partitions.get(key as string) ?? new Set()).add(meta.partition));
    // CRC-32 modulo 6: other programs and later versions must get the same partition.
    expect(Object.fromEntries([...partitions].map(([key, found]) => [key, [...found]]))).toEqual({
      AAPL: [0],
      GOOGL: [1],
      TSLA: [3],
      MSFT: [1],
      NVDA: [1],
      AMD: [4],
    });
    await open.source.close();
  });

  it('gives every appender the last record of each partition that has one', async () => {
    const process = await processOf(world(), { partitions: 6 });
    const sink = await openSink(process);
    const last = async () => (await sink.last?.(never))?.map(({ key, value, timestamp }) => [key, value, timestamp]);
    expect(await last()).toEqual([]);
    await append(process, [...numbered(0, 3, 'AAPL'), ...numbered(3, 5, 'TSLA')]);
    expect(await last()).toEqual([
      ['AAPL', { n: 2 }, 1002],
      ['TSLA', { n: 4 }, 1004],
    ]);
    await sink.close();
  });

  it('sends messages without a key to each partition in turn', async () => {
    const process = await processOf(world());
    await append(process, numbered(0, 9, null));
    const open = await openSource(process);
    for (const lane of open.lanes) expect(await drain(process, lane)).toHaveLength(3);
    await open.source.close();
  });

  it('keeps keys and values with any character', async () => {
    const process = await processOf(world(), one);
    const text = '\0 a\u{1F600}"\n';
    await append(process, [
      messageWith({ text }, { key: text }),
      messageWith(JSON.stringify(text)),
      messageWith(`"${'\t'}\0`),
    ]);
    const open = await openSource(process);
    const messages = await drainAll(process, open);
    expect(messages.map(({ key, value }) => ({ key, value }))).toEqual([
      { key: text, value: { text } },
      { key: null, value: text },
      { key: null, value: undefined },
    ]);
    await open.source.close();
  });

  it('gives a value that is not JSON with the problem and its bytes', async () => {
    const process = await processOf(world(), one);
    const bytes = new Uint8Array([0x22, 0xff, 0x22]);
    await append(process, [messageWith('{no json'), messageWith(bytes), messageWith(Buffer.from('{"n":1}'))]);
    const open = await openSource(process);
    const [text, binary, good] = await drainAll(process, open);
    expect(text?.problem?.code).toBe('FDP_MESSAGE_UNREADABLE');
    expect(text?.raw).toBe('{no json');
    expect(binary?.problem?.code).toBe('FDP_MESSAGE_UNREADABLE');
    expect(Buffer.from(binary?.raw as Uint8Array)).toEqual(Buffer.from(bytes));
    expect(good).toMatchObject({ value: { n: 1 } });
    expect(good?.problem).toBeUndefined();
    await open.source.close();
  });

  it('refuses only messages that are too large or have no JSON, permanently', async () => {
    const process = await processOf(world(), { ...one, max_message_bytes: '10B' });
    const sink = await openSink(process);
    expect(sink.maxMessageBytes).toBe(10);
    const values = ['"12345678"', '"123456789"', undefined, 10n, 5];
    const { failed } = await process.clock.until(
      sink.write(
        values.map((value) => messageWith(value)),
        never,
      ),
    );
    expect([...(failed ?? [])].map(([index, error]) => [index, (error as { code?: string }).code])).toEqual([
      [1, 'FDP_MESSAGE_REFUSED'],
      [2, 'FDP_MESSAGE_REFUSED'],
      [3, 'FDP_MESSAGE_REFUSED'],
    ]);
    const open = await openSource(process);
    expect((await drainAll(process, open)).map(({ value }) => value)).toEqual(['12345678', 5]);
    await Promise.all([open.source.close(), sink.close()]);
  });

  it('limits a batch by messages and by bytes, but always gives one', async () => {
    const process = await processOf(world(), one);
    await append(process, [...numbered(0, 5), messageWith('x'.repeat(500)), ...numbered(5, 7)]);
    const sizes = async (usage: object) => {
      const open = await openSource(process, { group: JSON.stringify(usage), ...usage });
      const found: number[] = [];
      while (found.reduce((sum, size) => sum + size, 0) < 8)
        found.push((await open.lanes[0]?.read(never))?.messages.length ?? 0);
      await open.source.close();
      return found;
    };
    expect(await sizes({ batch: 3 })).toEqual([3, 3, 2]);
    expect(await sizes({ batch_bytes: '199B' })).toEqual([4, 1, 1, 2]);
  });

  it('wakes a reader when something is appended, and lets it go when it is to stop', async () => {
    const process = await processOf(world(), one);
    const open = await openSource(process);
    const stop = new AbortController();
    const first = open.lanes[0]?.read(stop.signal);
    await append(process, numbered(0, 1));
    expect((await process.clock.until(first as Promise<unknown>)) as object).toMatchObject({ position: 1 });
    const second = open.lanes[0]?.read(stop.signal);
    await process.clock.settle();
    stop.abort();
    expect(await second).toBeUndefined();
    const third = open.lanes[0]?.read(never);
    open.unsubscribe();
    expect(await third).toBeUndefined();
    await process.clock.until(open.lanes[0]?.group?.commit(1) ?? Promise.reject());
    await open.source.close();
  });

  it('returns the record at an offset, and the range of offsets', async () => {
    const process = await processOf(world(), one);
    await append(process, numbered(0, 3));
    const open = await openSource(process);
    expect(await open.lanes[0]?.log?.recordAt(2)).toEqual({ timestamp: 1002, key: 'A' });
    expect(await open.lanes[0]?.log?.recordAt(3)).toBeUndefined();
    expect(await open.lanes[0]?.log?.range()).toEqual({ first: 0, next: 3 });
    await open.source.close();
  });

  it('can be closed twice, before it was connected, and connected again', async () => {
    const process = await processOf(world(), one);
    const source = sourceOf(process, { group: 'group' });
    await source.close();
    const sink = await openSink(process);
    await Promise.all([sink.close(), sink.close()]);
    await process.clock.until(sink.connect(never));
    await process.clock.until(sink.write(numbered(0, 1), never));
    await sink.close();
    for (let round = 0; round < 2; round++) {
      await process.clock.until(source.connect(never));
      const { lanes } = subscribed(source);
      expect(await drain(process, lanes[0] as never)).toHaveLength(1);
      await Promise.all([source.close(), source.close()]);
      expect(lanes[0]?.signal.aborted).toBe(true);
    }
    await process.connector.close();
  });

  it('keeps the partitions that a topic was created with, and logs it', async () => {
    const process = await processOf(world(), one);
    await append(process, numbered(0, 1));
    const other = await processOf(world(), { partitions: 5 });
    const open = await openSource(other);
    expect(open.lanes).toHaveLength(1);
    expect(open.context.log.lines.map(({ text }) => text).join()).toContain('made with 1 partitions');
    await open.source.close();
  });
}

function positionCases(world: () => LogWorld): void {
  it('continues after what was committed, and reads the rest again', async () => {
    const process = await processOf(world(), one);
    await append(process, numbered(0, 10));
    const open = await openSource(process, { batch: 4 });
    await open.lanes[0]?.read(never);
    await open.lanes[0]?.read(never);
    await process.clock.until(open.lanes[0]?.group?.commit(4) ?? Promise.reject());
    await open.source.close();
    const again = await openSource(await processOf(world(), one));
    expect((await drainAll(process, again)).map(({ meta }) => meta.offset)).toEqual([4, 5, 6, 7, 8, 9]);
    await again.source.close();
  });

  it('never moves a position back', async () => {
    const process = await processOf(world(), one);
    await append(process, numbered(0, 10));
    const open = await openSource(process);
    for (const position of [8, 3])
      await process.clock.until(open.lanes[0]?.group?.commit(position) ?? Promise.reject());
    await open.source.close();
    const again = await openSource(process);
    expect(await drainAll(process, again)).toHaveLength(2);
    await again.source.close();
  });

  it('keeps the note of the last position, and none if none was given', async () => {
    const process = await processOf(world(), one);
    await append(process, numbered(0, 10));
    const commits: readonly (readonly [number, string?])[] = [[4, '{"a":"é €"}'], [7, 'x'.repeat(4000)], [9]];
    for (const [position, note] of commits) {
      const open = await openSource(process);
      await process.clock.until(open.lanes[0]?.group?.commit(position, note) ?? Promise.reject());
      await open.source.close();
      const again = await openSource(process);
      expect(again.lanes[0]?.group?.start).toEqual(note === undefined ? { position } : { position, note });
      await again.source.close();
    }
  });

  it('can be set back before it has read anything, permanently, and continues from there', async () => {
    const process = await processOf(world(), one);
    await append(process, numbered(0, 10));
    const open = await openSource(process);
    await process.clock.until(open.lanes[0]?.group?.commit(8, 'before') ?? Promise.reject());
    await open.source.close();
    const back = await openSource(process, { warm_up: 2 });
    expect(back.lanes[0]).toMatchObject({ group: { start: { position: 8, note: 'before' } }, batch: 500 });
    await process.clock.until(back.lanes[0]?.group?.rewind(3, 'after') ?? Promise.reject());
    const readings = [await back.lanes[0]?.read(never), await back.lanes[0]?.read(never)];
    expect(readings.map((reading) => reading?.messages.map(({ meta }) => meta.offset))).toEqual([
      [1, 2],
      [3, 4, 5, 6, 7, 8, 9],
    ]);
    await back.source.close();
    const again = await openSource(process);
    expect(again.lanes[0]?.group?.start).toEqual({ position: 3, note: 'after' });
    await process.clock.until(again.lanes[0]?.group?.commit(5) ?? Promise.reject());
    await again.source.close();
    const last = await openSource(process);
    expect(last.lanes[0]?.group?.start).toEqual({ position: 5 });
    await last.source.close();
  });

  it('keeps the start of `from: latest` before anything is committed', async () => {
    const process = await processOf(world(), one);
    await append(process, numbered(0, 5));
    const open = await openSource(process, { from: 'latest' });
    expect(await drainAll(process, open)).toEqual([]);
    await open.source.close();
    await append(process, numbered(5, 7));
    const again = await openSource(process, { from: 'latest' });
    expect((await drainAll(process, again)).map(({ value }) => value)).toEqual([{ n: 5 }, { n: 6 }]);
    await again.source.close();
  });

  it('begins at a time', async () => {
    const process = await processOf(world(), one);
    await append(process, numbered(0, 10));
    const open = await openSource(process, { from: new Date(1007).toISOString() });
    expect((await drainAll(process, open)).map(({ value }) => value)).toEqual([{ n: 7 }, { n: 8 }, { n: 9 }]);
    await open.source.close();
    const late = await openSource(process, { group: 'late', from: '2100-01-01T00:00:00Z' });
    expect(await drainAll(process, late)).toEqual([]);
    await late.source.close();
  });

  it('warms up with what lies before the position, marked and without a position', async () => {
    const process = await processOf(world(), one);
    await append(process, numbered(0, 10));
    const open = await openSource(process, { from: 'latest', warm_up: 5, batch: 3 });
    await append(process, numbered(10, 12));
    const readings = [];
    for (let count = 0; count < 3; count++) readings.push(await open.lanes[0]?.read(never));
    expect(
      readings.map((reading) => [reading?.warmUp ?? false, reading?.position, reading?.messages[0]?.meta.offset]),
    ).toEqual([
      [true, undefined, 5],
      [true, undefined, 8],
      [false, 12, 10],
    ]);
    expect(readings[1]?.messages).toHaveLength(2);
    await open.source.close();
    const far = await openSource(process, { group: 'far', from: 'latest', warm_up: 1000 });
    expect((await far.lanes[0]?.read(never))?.messages).toHaveLength(12);
    await far.source.close();
  });

  it('warms up with what was received within a time before the last record before its position', async () => {
    const process = await processOf(world(), one);
    const steps = fc.array(fc.integer({ min: 0, max: 4000 }), { minLength: 1, maxLength: 40 });
    const cases = fc.record({
      steps,
      before: fc.integer({ min: 1, max: 40 }),
      seconds: fc.nat(30),
      isRewound: fc.boolean(),
    });
    let [group, first, time] = [0, 0, 1_000_000];
    await fc.assert(
      fc.asyncProperty(cases, async ({ steps, before, seconds, isRewound }) => {
        // Further from the previous case than the longest time of a case.
        time += 31_000;
        const dates = steps.map((step) => {
          time += step;
          return time;
        });
        await append(
          process,
          dates.map((timestamp) => messageWith(1, { timestamp })),
        );
        const past = dates.slice(0, before);
        const position = first + past.length;
        first += dates.length;
        const usage = { group: `group ${++group}`, from: 'latest', warm_up: `${seconds}s` };
        const begun = await openSource(process, usage);
        await process.clock.until(begun.lanes[0]?.group?.rewind(position) ?? Promise.reject());
        if (!isRewound) await process.clock.until(begun.source.close());
        const open = isRewound ? begun : await openSource(process, usage);
        const { messages, next } = await drainWarmUp(process, open.lanes[0] as never);
        const since = (past.at(-1) ?? 0) - seconds * 1000;
        expect(messages.map(({ timestamp }) => timestamp)).toEqual(past.filter((date) => seconds > 0 && date >= since));
        expect(next?.timestamp).toBe(dates[past.length]);
        await process.clock.until(open.source.close());
      }),
      { numRuns: 40 },
    );
  });

  it('warms up across many records, and stops at those that are older than the time', async () => {
    const process = await processOf(world(), one);
    await append(process, numbered(0, 5000));
    const open = await openSource(process, { from: 'latest', warm_up: '2500ms' });
    const { messages } = await drainWarmUp(process, open.lanes[0] as never);
    expect([messages.length, messages[0]?.meta.offset, messages.at(-1)?.meta.offset]).toEqual([2501, 2499, 4999]);
    await open.source.close();
  });

  it('reports how far it is behind', async () => {
    const process = await processOf(world());
    await append(process, numbered(0, 10));
    const open = await openSource(process);
    expect(open.source.lag?.()).toBe(10);
    await drainAll(process, open, true);
    expect(open.source.lag?.()).toBe(0);
    await append(process, numbered(0, 4, null));
    expect(open.source.lag?.()).toBe(4);
    await open.source.close();
  });

  it('refuses to continue from a position beyond the end', async () => {
    const process = await processOf(world(), one);
    await append(process, numbered(0, 10));
    const open = await openSource(process);
    await drainAll(process, open, true);
    await open.source.close();
    await world().loseEnd(0, 4);
    await expect(openSource(process)).rejects.toMatchObject({ code: 'FDP_POSITION_BEYOND_END', fault: 'fatal' });
  });
}

function leaseCases(world: () => LogWorld): void {
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

function retentionCases(world: () => LogWorld): void {
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

async function property(create: () => Promise<LogWorld>): Promise<void> {
  const step = fc.oneof(
    fc.record({
      do: fc.constant('write' as const),
      keys: fc.array(fc.constantFrom('A', 'B', 'C', 'D'), { maxLength: 6 }),
    }),
    fc.record({ do: fc.constant('read' as const), lane: fc.nat(2) }),
    fc.record({ do: fc.constant('commit' as const), lane: fc.nat(2) }),
    fc.record({ do: fc.constant('open' as const) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const world = await create();
      const process = await processOf(world);
      const sink = await openSink(process);
      let open = await openSource(process, { batch: 3 });
      let count = 0;
      const seen = new Map<string, number[]>();
      const readUpTo = [0, 0, 0];
      const commit = async (lane: number) => {
        await process.clock.until(open.lanes[lane]?.group?.commit(readUpTo[lane] ?? 0) ?? Promise.reject());
      };
      const read = async (lane: number) => {
        const [before, next] = [readUpTo[lane] ?? 0, (await open.lanes[lane]?.log?.range())?.next ?? 0];
        if (before >= next) return;
        const reading = await open.lanes[lane]?.read(never);
        expect(reading?.messages[0]?.meta.offset).toBe(before);
        readUpTo[lane] = reading?.position ?? 0;
        for (const { key, value } of reading?.messages ?? [])
          seen.set(key as string, [...(seen.get(key as string) ?? []), value as number]);
        await commit(lane);
      };
      for (const now of steps) {
        if (now.do === 'write') {
          const messages = now.keys.map((key) => messageWith(count++, { key }));
          await process.clock.until(sink.write(messages, never));
        } else if (now.do === 'read') await read(now.lane);
        else if (now.do === 'commit') await commit(now.lane);
        else {
          await process.clock.until(open.source.close());
          open = await openSource(process, { batch: 3 });
        }
      }
      for (const lane of [0, 1, 2]) for (let round = 0; round < 100; round++) await read(lane);
      const all = [...seen.values()];
      expect(all.flat().sort((a, b) => a - b)).toEqual(numbers(0, count));
      for (const values of all) expect(values).toEqual([...values].sort((a, b) => a - b));
      await process.clock.until(Promise.all([open.source.close(), sink.close()]));
      await world.dispose();
    }),
    { numRuns: 25 },
  );
}
