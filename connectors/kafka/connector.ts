import type { FromSchema } from 'json-schema-to-ts';
import type { Connector } from '../../src/kit/connector.ts';
import type { ConnectorContext } from '../../src/kit/declaration.ts';
import { Proven } from '../../src/kit/proven.ts';
import { BufferedSink } from '../shared/disk-buffer/buffered-sink.ts';
import { type logSourceUsage, readLogUsage } from '../shared/log/usage.ts';
import { KafkaBrowser } from './browser.ts';
import type { Client } from './client.ts';
import { maxUnpackedBytes } from './codecs.ts';
import { KafkajsClient } from './kafkajs-client.ts';
import type { ClientOptions } from './kafkajs-link.ts';
import { KafkaSink } from './sink.ts';
import { KafkaSource } from './source.ts';
import type { TopicOptions } from './topic.ts';
import { TopicWriter } from './topic-writer.ts';

export interface KafkaOptions {
  readonly topic: TopicOptions;
  readonly client: Omit<ClientOptions, 'name' | 'topic' | 'clock' | 'log' | 'proven'>;
  /** Where messages of a source that can't replay wait while Kafka is unavailable. */
  readonly buffer: { readonly path: string; readonly maxBytes: number } | undefined;
}

/** One topic: each source has its own connections and group membership, all sinks share one writer. */
export function kafkaConnector(
  options: KafkaOptions,
  context: ConnectorContext,
): Connector<FromSchema<typeof logSourceUsage>> {
  const { client, buffer } = options;
  const { clock, log, chance, failPoint } = context;
  const proven = new Proven();
  const topic = { ...options.topic, proven };
  const unpackedBytes = Math.max(maxUnpackedBytes, topic.maxMessageBytes);
  const given = { ...client, name: topic.name, topic: topic.topic, unpackedBytes, clock, log, proven };
  const newClient = (): Client => new KafkajsClient(given);
  const writer = new TopicWriter(topic, { clock, log, chance, failPoint }, newClient);
  return {
    source: (usage, role) => new KafkaSource({ options: topic, usage: readLogUsage(usage), context: role, newClient }),
    sink: (_usage, role) => {
      const sink = new KafkaSink(writer, topic, role);
      return buffer && !role.sourceReplays ? new BufferedSink(sink, { name: topic.name, ...buffer }, role) : sink;
    },
    browse: (role, since) => new KafkaBrowser({ options: topic, context: role, newClient, since }),
    close: () => writer.shut(),
  };
}
