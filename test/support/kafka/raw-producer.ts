import { type ClientOptions, Link } from '../../../connectors/kafka/kafkajs-link.ts';
import { Outbox } from '../../../connectors/kafka/outbox.ts';
import { systemClock } from '../../../src/kit/clock.ts';
import { Proven } from '../../../src/kit/proven.ts';
import { recordingLog } from '../../../src/testing/environment.ts';

/** Appends a batch of another program to partition 0, byte for byte. */
export async function appendRaw(brokers: string, topic: string, batch: Buffer): Promise<void> {
  const options: ClientOptions = {
    ...{ name: 'foreign', topic, brokers: [brokers], clientId: 'foreign' },
    ...{ clock: systemClock, log: recordingLog(), proven: new Proven() },
  };
  const link = new Link(options);
  try {
    const cluster = await link.cluster();
    await cluster.addTargetTopic(topic);
    const [first] = cluster.findTopicPartitionMetadata(topic);
    const broker = await cluster.findBroker({ nodeId: first?.leader ?? 0 });
    await new Outbox(topic, link.kafkajs).send(broker, { partition: 0, bytes: batch });
  } finally {
    await link.close();
  }
}
