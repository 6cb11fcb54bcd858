import { expect, it } from 'vitest';
import { batchesOfJava } from '../support/kafka/batches.ts';
import { browse, KafkaProcess, laneOf, numbered, readFrom } from '../support/kafka/harness.ts';
import { appendRaw } from '../support/kafka/raw-producer.ts';
import { onServices } from '../support/services/cluster.ts';
import { randomName } from '../support/services/services.ts';

onServices('kafka with foreign producers', ({ kafka: brokers }) => {
  it.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)('reads what Java packed with %s', async (codec) => {
    const topic = randomName();
    await using process = await KafkaProcess.on(brokers, { topic, partitions: 1 });
    await process.append(numbered(0, 1));
    await appendRaw(brokers, topic, Buffer.from(batchesOfJava[codec], 'base64'));
    await process.append(numbered(1, 2));
    const messages = await readFrom(laneOf(await process.openSource(), 0), 5, true);
    expect(messages.map(({ meta, key, value }) => [meta.offset, key, (value as { n: number }).n])).toEqual([
      [0, 'A', 0],
      [1, 'AAPL', 0],
      [2, null, 1],
      [3, 'AAPL', 2],
      [4, 'A', 1],
    ]);
    expect(await browse(process)).toHaveLength(5);
  });
});
