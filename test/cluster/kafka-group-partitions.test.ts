import { expect, it } from 'vitest';
import { eventually } from '../support/cli/platform.ts';
import { hurriedClock } from '../support/engine/hurried-clock.ts';
import { addPartitions } from '../support/kafka/admin.ts';
import { alive, browse, KafkaProcess, numbered, readFrom } from '../support/kafka/harness.ts';
import { balanced } from '../support/kafka/members.ts';
import { onServices } from '../support/services/cluster.ts';
import { randomName } from '../support/services/services.ts';

const never = new AbortController().signal;

onServices.concurrent('a consumer group of kafka', ({ kafka: brokers }) => {
  it('gets partitions that are added to a topic which only another member reads', async () => {
    const [ticks, news] = [randomName(), randomName()];
    await using one = await KafkaProcess.on(brokers, { topic: ticks, partitions: 2 });
    await using two = await KafkaProcess.on(brokers, { topic: news, partitions: 1 });
    const group = randomName();
    await one.openSource({ group }); // the first leads the group
    const second = await two.openSource({ group });
    await balanced([second], [1]);
    await addPartitions(brokers, news, 3);
    await balanced([second], [3]);
  });

  it('finds messages in partitions that were added while the writer ran', async () => {
    const topic = randomName();
    const minute = 2; // s
    await using writer = await KafkaProcess.on(brokers, { topic, partitions: 1 }, hurriedClock(60 / minute));
    const sink = await writer.openSink();
    await addPartitions(brokers, topic, 3);
    const learnt = () => writer.log.some(({ text }) => text.includes('has 3 partitions now, 1 before'));
    await eventually('the writer has learnt of them', async () => learnt());
    await sink.write(numbered(0, 3, null), never);
    expect((await browse(writer)).map(({ meta }) => meta.partition)).toEqual([0, 1, 2]);
  });

  it('reads a partition from its beginning that was added since it began, also when it begins at the end', async () => {
    const topic = randomName();
    const group = randomName();
    const latest = { group, from: 'latest' };
    await using process = await KafkaProcess.on(brokers, { topic, partitions: 2 });
    await process.append(numbered(0, 10, null));
    const first = await process.openSource(latest);
    await balanced([first], [2]);
    expect(first.source.lag?.()).toBe(0);
    // While it runs, and while it does not: what was written before it has learnt of them was written after it began.
    await addPartitions(brokers, topic, 4);
    await process.append(numbered(10, 18, null));
    await balanced([first], [4]);
    for (const lane of alive(first)) expect(await readFrom(lane, 2, true)).toHaveLength(2);
    await first.source.close();
    await addPartitions(brokers, topic, 6);
    await process.append(numbered(18, 30, null));
    const second = await process.openSource(latest);
    await balanced([second], [6]);
    for (const lane of alive(second)) expect(await readFrom(lane, 2, true)).toHaveLength(2);
    expect([first, second].flatMap(({ context }) => context.node.extra['gap'] ?? [])).toEqual([]);
    // Another group begins at the end of all.
    const other = await process.openSource({ group: randomName(), from: 'latest' });
    await balanced([other], [6]);
    expect(other.source.lag?.()).toBe(0);
  });

  it('reads partitions that are added while it runs', async () => {
    const topic = randomName();
    await using process = await KafkaProcess.on(brokers, { topic, partitions: 1 });
    const open = await process.openSource();
    await addPartitions(brokers, topic, 3);
    await balanced([open], [3]);
    await process.append(numbered(0, 3, null));
    for (const lane of alive(open)) expect(await readFrom(lane, 1)).toHaveLength(1);
  });
});
