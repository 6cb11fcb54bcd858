import { loadKafkajs } from '../../connectors/kafka/kafkajs-internals.ts';
import { type ClientOptions, Link } from '../../connectors/kafka/kafkajs-link.ts';
import { systemClock } from '../../src/engine/clock.ts';
import { recordingLog } from './environment.ts';

/** Appends a batch to partition 0 as it is: what another program has made, byte for byte. */
export async function appendRaw(brokers: string, topic: string, batch: Buffer): Promise<void> {
  const options: ClientOptions = {
    ...{ name: 'foreign', topic, brokers: [brokers], clientId: 'foreign' },
    ...{ clock: systemClock, log: recordingLog() },
  };
  const link = new Link(options);
  const { Encoder, produceResponse } = loadKafkajs();
  try {
    const cluster = await link.cluster();
    await cluster.addTargetTopic(topic);
    const [first] = cluster.findTopicPartitionMetadata(topic);
    const broker = await cluster.findBroker({ nodeId: first?.leader ?? 0 });
    const encode = async () =>
      new Encoder()
        .writeString(null)
        .writeInt16(-1)
        .writeInt32(5000)
        .writeInt32(1)
        .writeString(topic)
        .writeInt32(1)
        .writeInt32(0)
        .writeInt32(batch.length)
        .writeBuffer(batch);
    const request = { apiKey: 0, apiVersion: 7, apiName: 'Produce', encode };
    await broker.connectionPool.send({ request, response: produceResponse });
  } finally {
    await link.close();
  }
}
