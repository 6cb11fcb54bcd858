import { expect, it } from 'vitest';
import { messageWith } from '../support/contracts/log-harness.ts';
import { browse, KafkaProcess, laneOf, numbered, readFrom } from '../support/kafka/harness.ts';
import { onServices } from '../support/services/cluster.ts';
import { randomName } from '../support/services/services.ts';

const never = new AbortController().signal;
const one = { partitions: 1 };

onServices('kafka', ({ kafka: brokers }) => {
  it('gives back what was appended, offsets counted from 0, in lanes named after the topic and its id', async () => {
    const topic = randomName();
    await using process = await KafkaProcess.on(brokers, { ...one, topic });
    await process.append([
      messageWith({ a: 1 }, { key: 'K', timestamp: 42 }),
      messageWith(null, { timestamp: 1_763_645_598_585 }),
    ]);
    const open = await process.openSource();
    const lane = laneOf(open, 0);
    const messages = await readFrom(lane, 2);
    expect(messages.map(({ raw, ...message }) => ({ ...message, raw: String(raw) }))).toEqual([
      {
        ...{ key: 'K', value: { a: 1 }, timestamp: 42, raw: '{"a":1}' },
        meta: { lane: lane.id, topic, partition: 0, offset: 0 },
      },
      {
        ...{ key: null, value: null, timestamp: 1_763_645_598_585, raw: 'null' },
        meta: { lane: lane.id, topic, partition: 0, offset: 1 },
      },
    ]);
    expect(lane.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\/test-[0-9a-f]+\/0$/);
  });

  it('sends messages of a key where the clients of Java do, and those without one to each partition in turn', async () => {
    const keys = ['AAPL', 'GOOGL', 'TSLA', 'MSFT', 'NVDA', 'AMD'];
    await using process = await KafkaProcess.on(brokers, { partitions: 6 });
    await process.append(keys.map((key) => messageWith(1, { key })));
    const found = Object.fromEntries((await browse(process)).map(({ key, meta }) => [key, meta.partition]));
    // murmur2 modulo 6: other programs and later versions must find the same.
    expect(found).toEqual({ AAPL: 3, GOOGL: 1, TSLA: 5, MSFT: 0, NVDA: 5, AMD: 4 });
    await using other = await KafkaProcess.on(brokers);
    await other.append(numbered(0, 9, null));
    expect((await browse(other)).map(({ meta }) => meta.partition)).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2]);
  });

  it('gives the last record of each partition that has one to whoever appends', async () => {
    await using process = await KafkaProcess.on(brokers, { partitions: 6 });
    const sink = await process.openSink();
    const last = async () => (await sink.last?.(never))?.map(({ key, value, timestamp }) => [key, value, timestamp]);
    expect(await last()).toEqual([]);
    await process.append([...numbered(0, 3, 'AAPL'), ...numbered(3, 5, 'MSFT')]);
    expect(await last()).toEqual([
      ['MSFT', { n: 4 }, 1004],
      ['AAPL', { n: 2 }, 1002],
    ]);
  });

  it('gives a value that is no JSON with the problem and the bytes', async () => {
    await using process = await KafkaProcess.on(brokers, one);
    const bytes = new Uint8Array([0x22, 0xff, 0x22]);
    await process.append([messageWith('{no json'), messageWith(bytes), messageWith(Buffer.from('{"n":1}'))]);
    const [text, binary, good] = await readFrom(laneOf(await process.openSource(), 0), 3);
    expect(text?.problem?.code).toBe('FDP_MESSAGE_UNREADABLE');
    expect(String(text?.raw)).toBe('{no json');
    expect(binary?.problem?.code).toBe('FDP_MESSAGE_UNREADABLE');
    expect(Buffer.from(binary?.raw as Uint8Array)).toEqual(Buffer.from(bytes));
    expect(good).toMatchObject({ value: { n: 1 } });
  });

  it('permanently refuses single messages that are too large, have no JSON, or come from the future', async () => {
    const settings = { 'retention.ms': '-1', 'message.timestamp.after.max.ms': '3600000' };
    await using process = await KafkaProcess.on(brokers, { ...one, max_message_bytes: '30B', topic_config: settings });
    const sink = await process.openSink();
    expect(sink.maxMessageBytes).toBe(30);
    const values = ['"fits"', `"${'x'.repeat(40)}"`, undefined, 10n, 5].map((value) => messageWith(value));
    const tomorrow = messageWith(6, { timestamp: Date.now() + 86_400_000 });
    const { failed } = await sink.write([...values, tomorrow, messageWith(7)], never);
    expect([...(failed ?? [])].map(([index, error]) => [index, (error as { code?: string }).code])).toEqual([
      [1, 'FDP_MESSAGE_REFUSED'],
      [2, 'FDP_MESSAGE_REFUSED'],
      [3, 'FDP_MESSAGE_REFUSED'],
      [5, 'FDP_MESSAGE_REFUSED'],
    ]);
    expect((await browse(process)).map(({ value }) => value)).toEqual(['fits', 5, 7]);
  });

  it('makes a topic that takes the largest message it sends, and gives it back', async () => {
    await using process = await KafkaProcess.on(brokers, { ...one, max_message_bytes: '3MiB' });
    const large = 'x'.repeat(3 * 1024 ** 2 - 2);
    await process.append([...numbered(0, 2), messageWith({ large: large.slice(20) }), ...numbered(2, 4)]);
    const messages = await readFrom(laneOf(await process.openSource(), 0), 5);
    expect(messages[2]?.value).toEqual({ large: large.slice(20) });
  });

  it('accepts no more than an existing topic does, and logs how the topic differs', async () => {
    const topic = randomName();
    await using first = await KafkaProcess.on(brokers, {
      ...one,
      topic,
      topic_config: { 'max.message.bytes': '2000' },
    });
    await first.append(numbered(0, 1));
    await using process = await KafkaProcess.on(brokers, { topic, partitions: 5 });
    const sink = await process.openSink();
    expect(sink.maxMessageBytes).toBe(2000 - 128);
    const { failed } = await sink.write([messageWith('"'.padEnd(1900, 'x').concat('"')), ...numbered(1, 200)], never);
    expect([...(failed?.keys() ?? [])]).toEqual([0]);
    expect(await browse(process)).toHaveLength(200);
    const warnings = process.log.filter(({ level }) => level === 'warn').map(({ text }) => text);
    expect(warnings.join()).toContain('has 1 partitions, which stay; the pipeline says 5');
    expect(warnings.join()).toContain(
      'accepts messages of at most 2000 bytes (max.message.bytes); the pipeline says 1048576',
    );
  });

  it('limits a batch by messages and by bytes, but always gives one', async () => {
    await using process = await KafkaProcess.on(brokers, one);
    await process.append([...numbered(0, 5), messageWith(JSON.stringify('x'.repeat(498))), ...numbered(5, 7)]);
    const sizes = async (usage: object) => {
      const lane = laneOf(await process.openSource({ group: randomName(), ...usage }), 0);
      const found: number[] = [];
      while (found.reduce((sum, size) => sum + size, 0) < 8) found.push((await lane.read(never))?.messages.length ?? 0);
      return found;
    };
    expect(await sizes({ batch: 3 })).toEqual([3, 3, 2]);
    expect(await sizes({ batch_bytes: '32B' })).toEqual([4, 1, 1, 2]);
  });

  it('wakes a reader when something is appended, and lets it go when it is to stop', async () => {
    await using process = await KafkaProcess.on(brokers, one);
    const open = await process.openSource();
    const lane = laneOf(open, 0);
    const stop = new AbortController();
    const first = lane.read(stop.signal);
    await process.append(numbered(0, 1));
    expect(await first).toMatchObject({ position: 1 });
    const second = lane.read(stop.signal);
    stop.abort();
    expect(await second).toBeUndefined();
    const third = lane.read(never);
    open.unsubscribe();
    expect(await third).toBeUndefined();
    await lane.group?.commit(1);
  });

  it('returns the record at an offset, and the range of offsets', async () => {
    await using process = await KafkaProcess.on(brokers, one);
    await process.append(numbered(0, 3));
    const lane = laneOf(await process.openSource(), 0);
    const record = await lane.log?.recordAt(2);
    expect({ ...record, raw: String(record?.raw) }).toEqual({ timestamp: 1002, key: 'A', raw: '{"n":2}' });
    expect(await lane.log?.recordAt(3)).toBeUndefined();
    expect(await lane.log?.range()).toEqual({ first: 0, next: 3 });
  });

  it('can be closed twice, before it was connected, and connected again', async () => {
    await using process = await KafkaProcess.on(brokers, one);
    const source = process.source();
    await source.close();
    const sink = await process.openSink();
    await Promise.all([sink.close(), sink.close()]);
    await sink.connect(never);
    await sink.write(numbered(0, 1), never);
    for (let round = 0; round < 2; round++) {
      const open = await process.openSource();
      expect(await readFrom(laneOf(open, 0), 1)).toHaveLength(1);
      await Promise.all([open.source.close(), open.source.close()]);
      expect(open.lanes[0]?.signal.aborted).toBe(true);
    }
  });

  it('shows what lies in it without a group, up to the end it had', async () => {
    await using process = await KafkaProcess.on(brokers);
    expect(await browse(process)).toEqual([]);
    await process.append(numbered(0, 30, '*'));
    expect((await browse(process)).map(({ value }) => (value as { n: number }).n).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 30 }, (_, n) => n),
    );
  });
});
