import { expect, it } from 'vitest';
import { eventually } from '../support/cli/platform.ts';
import { browse, KafkaProcess, laneOf, numbered, Reader, readFrom } from '../support/kafka/harness.ts';
import { KafkaView } from '../support/kafka/view.ts';
import { onServices } from '../support/services/cluster.ts';
import { randomName } from '../support/services/services.ts';

const never = new AbortController().signal;

onServices.concurrent("another program's transaction in a topic of kafka", ({ kafka: brokers }) => {
  const inTransaction = Array.from({ length: 5 }, () => ({ partition: 0, value: '{"n":-1}' }));

  it('counts what waits behind it as lag, and is named once, with its offset, until it is over', async () => {
    const topic = randomName();
    await using view = await KafkaView.open(brokers);
    await using process = await KafkaProcess.on(brokers, { topic, partitions: 1 });
    await process.append(numbered(0, 30));
    const transaction = await view.openTransaction(topic, inTransaction);
    await process.append(numbered(30, 50));
    const source = process.source();
    await source.connect(never);
    const reader = new Reader(source);
    await reader.seen(30);
    await eventually('25 records wait', async () => source.lag?.() === 25);
    const lines = (text: string) => process.log.filter((line) => line.text.includes(text));
    const text = 'partition 0 is blocked by an open transaction at 30: 25 messages wait';
    await eventually('it is logged', async () => lines(text).length > 0);
    expect([reader.values.length, source.lag?.()]).toEqual([30, 25]);
    await transaction.abort();
    await reader.seen(50);
    await eventually('nothing waits', async () => source.lag?.() === 0);
    await eventually('it is over', async () => lines('partition 0 continues').length === 1);
    expect(lines('open transaction').map(({ level }) => level)).toEqual(['warn']);
    expect(reader.errors).toEqual([]);
  });

  it('is passed over for the last record before it, from which a warm-up by time counts', async () => {
    const topic = randomName();
    await using view = await KafkaView.open(brokers);
    await using process = await KafkaProcess.on(brokers, { topic, partitions: 1 });
    await process.append(numbered(0, 10));
    await (await view.openTransaction(topic, inTransaction)).abort();
    const open = await process.openSource({ from: 'latest', warm_up: '3ms' });
    await process.append(numbered(10, 11));
    const readings = [await laneOf(open, 0).read(never), await laneOf(open, 0).read(never)];
    expect(readings.map((reading) => [reading?.warmUp, reading?.messages.map(({ value }) => value)])).toEqual([
      [true, [{ n: 6 }, { n: 7 }, { n: 8 }, { n: 9 }]],
      [undefined, [{ n: 10 }]],
    ]);
  });

  it('is more of the log until it was read and left out, which a reading of nothing tells', async () => {
    const topic = randomName();
    await using view = await KafkaView.open(brokers);
    await using process = await KafkaProcess.on(brokers, { topic, partitions: 1 });
    await process.append(numbered(0, 3));
    // Larger than a fetch: the records before it come alone.
    await (await view.openTransaction(topic, [{ partition: 0, value: 'x'.repeat(900_000) }])).abort();
    const lane = laneOf(await process.openSource(), 0);
    const readings = [await lane.read(never), await lane.read(never)];
    expect(readings.map((reading) => [reading?.messages.length, reading?.position, reading?.more])).toEqual([
      [3, 3, true],
      [0, undefined, false],
    ]);
  });

  it('is no reason to take a position behind it for one of another log', async () => {
    const topic = randomName();
    await using view = await KafkaView.open(brokers);
    await using process = await KafkaProcess.on(brokers, { topic, partitions: 1 });
    await process.append(numbered(0, 3));
    const transaction = await view.openTransaction(topic, inTransaction);
    await process.append(numbered(3, 6));
    // A reader that does not wait for transactions has committed all of it.
    await view.commit(process.group, topic, new Map([[0, 11]]));
    const open = await process.openSource();
    const lane = laneOf(open, 0);
    expect(await lane.log?.range()).toEqual({ first: 0, next: 11 });
    expect(await browse(process)).toHaveLength(3);
    await transaction.abort();
    await process.append(numbered(6, 7));
    expect((await readFrom(lane, 1)).map(({ value }) => value)).toEqual([{ n: 6 }]);
    expect(open.errors).toEqual([]);
  });
});
