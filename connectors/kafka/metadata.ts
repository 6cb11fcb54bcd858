import type { TopicFacts } from './client.ts';
import { type KafkaCall, type Kafkajs, readBy } from './kafkajs-internals.ts';
import { Reader } from './reader.ts';
import { Writer } from './writer.ts';

/** From this version of Metadata on brokers give a topic's id (Kafka 2.8). */
export const topicIdVersion = 10;

export interface DescribedTopic extends TopicFacts {
  /** Kafka's error code; 0 is none. */
  readonly error: number;
}

/** Requests one topic with its id, which kafkajs can't. Creates no topic. */
export function describeTopic(topic: string, { encoded }: Pick<Kafkajs, 'encoded'>): KafkaCall<DescribedTopic> {
  const name = Buffer.from(topic);
  const encode = async () => {
    const writer = new Writer();
    writer.int8(0); // no tags in the head
    writer.unsigned(2).raw(Buffer.alloc(16)); // one topic, of any id
    writer.unsigned(name.length + 1).raw(name);
    writer.raw(Buffer.alloc(5)); // its tags, nothing made, no rights asked for twice, and the tags
    return encoded(writer.bytes);
  };
  return {
    request: { apiKey: 3, apiVersion: topicIdVersion, apiName: 'Metadata', encode },
    response: readBy(read),
  };
}

function read(bytes: Buffer): DescribedTopic {
  const reader = new Reader(bytes);
  skipTags(reader);
  reader.int32();
  reader.array(reader.unsigned() - 1, () => {
    reader.int32();
    compactString(reader);
    reader.int32();
    compactString(reader);
    skipTags(reader);
  });
  compactString(reader);
  reader.int32();
  reader.unsigned();
  const error = reader.int16();
  compactString(reader);
  const id = reader.bytes(16).toString('hex');
  reader.int8();
  const partitions = reader.unsigned() - 1;
  return { error, id: id.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'), partitions };
}

function compactString(reader: Reader): void {
  reader.bytes(Math.max(0, reader.unsigned() - 1));
}

function skipTags(reader: Reader): void {
  reader.array(reader.unsigned(), () => {
    reader.unsigned();
    reader.bytes(reader.unsigned());
  });
}
