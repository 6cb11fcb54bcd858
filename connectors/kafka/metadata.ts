import type { TopicFacts } from './client.ts';
import type { Encoder, Exchange } from './kafkajs-internals.ts';
import { Reader } from './reader.ts';

/** From this version of Metadata on brokers tell a topic's id (Kafka 2.8). */
export const topicIdVersion = 10;

export interface DescribedTopic extends TopicFacts {
  /** Kafka's error code; 0 is none. */
  readonly error: number;
}

/** Asks for one topic with its id, which kafkajs can't. Makes no topic. */
export function describeTopic(topic: string, newEncoder: () => Encoder): Exchange<DescribedTopic> {
  const name = Buffer.from(topic);
  const encode = async () =>
    newEncoder()
      .writeInt8(0) // no tags in the head
      .writeInt8(2) // one topic
      .writeBuffer(Buffer.alloc(16)) // of any id
      .writeBuffer(compactLength(name.length))
      .writeBuffer(name)
      .writeBuffer(Buffer.alloc(5)); // its tags, nothing made, no rights asked for twice, and the tags
  return {
    request: { apiKey: 3, apiVersion: topicIdVersion, apiName: 'Metadata', encode },
    response: { decode: async (bytes) => read(bytes), parse: async (described: DescribedTopic) => described },
  };
}

function compactLength(length: number): Buffer {
  const value = length + 1;
  return value < 128 ? Buffer.from([value]) : Buffer.from([(value % 128) + 128, Math.floor(value / 128)]);
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
