import { expect, it } from 'vitest';
import {
  append,
  drain,
  drainAll,
  type LogWorld,
  messageWith,
  never,
  numbered,
  one,
  openSink,
  openSource,
  processOf,
  sourceOf,
  subscribed,
} from './log-harness.ts';

export function recordCases(world: () => LogWorld): void {
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
    const record = await open.lanes[0]?.log?.recordAt(2);
    expect({ ...record, raw: String(record?.raw) }).toEqual({ timestamp: 1002, key: 'A', raw: '{"n":2}' });
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
