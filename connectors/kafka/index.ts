import { defineConnector, logOptions, noUsage } from '../../src/kit/declaration.ts';
import { counter, figures } from '../../src/kit/figures.ts';
import { appendsAgain } from '../../src/kit/guarantee.ts';
import { instanceName } from '../../src/kit/instance.ts';
import { withPackages } from '../../src/kit/optional-packages.ts';
import { sizeBytes } from '../../src/kit/units.ts';
import { bufferFigures } from '../shared/disk-buffer/figures.ts';
import { logSourceGuarantee, logSourceUsage } from '../shared/log/usage.ts';
import { kafkaPackages } from './kafkajs-internals.ts';

/** One topic of a Kafka cluster: consumer groups share its partitions among processes and machines. */
export const kafka = defineConnector({
  type: 'kafka',
  summary: 'A topic of a Kafka cluster; consumer groups share it across many machines.',
  family: 'log',
  twin: 'log',
  options: {
    type: 'object',
    additionalProperties: false,
    required: ['brokers', 'topic'],
    properties: {
      ...logOptions,
      brokers: {
        type: 'string',
        pattern: '^\\s*[^\\s,@/]+:\\d{1,5}(\\s*,\\s*[^\\s,@/]+:\\d{1,5})*\\s*$',
        expected:
          'host:port, or several separated by commas, without a scheme and without a user (those stand in `sasl`)',
        description: 'Bootstrap brokers as host:port, separated by commas.',
        examples: ['localhost:9092', 'kafka-1:9092,kafka-2:9092'],
      },
      client_id: {
        type: 'string',
        minLength: 1,
        description:
          'Client id, which the brokers use in logs and quotas. Default: `fdp-` and the name of the process (FDP_INSTANCE).',
        examples: ['fdp'],
      },
      create_topic: {
        type: 'boolean',
        default: true,
        description: 'Whether to create a missing topic. If false, a missing topic ends the topology.',
      },
      replication_factor: {
        type: 'integer',
        minimum: 1,
        description: 'Replicas of each partition when the topic is created. Default: that of the brokers.',
        examples: [3],
      },
      topic_config: {
        type: 'object',
        additionalProperties: { type: 'string' },
        description: "Kafka's own settings for the topic when it is created.",
        examples: [{ 'retention.ms': '604800000' }],
      },
      buffer: {
        enum: ['none', 'disk'],
        default: 'none',
        description:
          'Where messages of a source that cannot replay wait while Kafka is unavailable: `none` (the source is paused) or `disk`.',
      },
      buffer_path: {
        type: 'string',
        format: 'path',
        default: 'data/buffer.db',
        description: 'File of the disk buffer.',
      },
      buffer_size: {
        type: 'string',
        format: 'size',
        default: '256MiB',
        description: 'Maximum size of the disk buffer. When it is full, the oldest messages are dropped and counted.',
      },
      max_message_bytes: {
        type: 'string',
        format: 'size',
        default: '1MiB',
        description:
          'Maximum size of a message with its key. A larger one goes to the dead letter. A batch is read if it unpacks to this size or to 16 MiB, whichever is more.',
      },
      tls: {
        type: 'object',
        additionalProperties: false,
        description: 'Encrypts the connection. `{}` trusts the certificate authorities that Node.js trusts.',
        properties: {
          ca: { type: 'string', format: 'path', description: 'File of the trusted certificate authorities, PEM.' },
          cert: { type: 'string', format: 'path', description: "File of the client's certificate, PEM." },
          key: { type: 'string', format: 'path', description: "File of the client's private key, PEM." },
          server_name: { type: 'string', description: 'Host name expected in the certificates of the brokers.' },
        },
      },
      sasl: {
        type: 'object',
        additionalProperties: false,
        required: ['mechanism', 'username', 'password'],
        description: 'How the client authenticates.',
        properties: {
          mechanism: { enum: ['plain', 'scram-sha-256', 'scram-sha-512'], description: 'The SASL mechanism.' },
          username: { type: 'string', minLength: 1, description: 'User name.' },
          password: { type: 'string', minLength: 1, description: 'Password.', secret: true },
        },
      },
    },
  },
  example: 'ticks: { type: kafka, brokers: "localhost:9092", topic: raw_stock_ticks, partitions: 6 }',
  source: { options: logSourceUsage, guarantee: (_options, usage) => logSourceGuarantee(usage) },
  sink: { options: noUsage, guarantee: () => ({ repeats: appendsAgain }) },
  figures: {
    ...bufferFigures,
    gap: figures.gap,
    maybe_twice: counter(
      'unconfirmed_messages',
      'Messages that may be in the log twice: the outcome of a write is unknown.',
    ),
  },
  channel: ({ topic, partitions }) => ({ protocol: 'kafka', address: topic, partitions }),
  logNames: ({ brokers, topic }) => brokers.split(',').map((broker) => `${broker.trim()} ${topic}`),
  check({ tls, brokers }, report) {
    const far = brokers.split(',').find((broker) => Number(/:(\d+)\s*$/.exec(broker)?.[1]) > 65_535);
    if (far) report(['brokers'], `expected a port of 1 to 65535, got ${far.trim()}`);
    if (tls && (tls.cert === undefined) !== (tls.key === undefined))
      report(['tls'], 'expected `cert` and `key` together, got one of them');
  },
  async create(options, context) {
    const { kafkaConnector } = await withPackages(kafkaPackages, context.name, import('./connector.ts'));
    const { topic, brokers, client_id, tls, sasl, buffer, buffer_path, buffer_size } = options;
    return kafkaConnector(
      {
        topic: {
          name: context.name,
          topic,
          partitions: options.partitions,
          create: options.create_topic,
          replicas: options.replication_factor,
          settings: options.topic_config ?? {},
          maxMessageBytes: sizeBytes(options.max_message_bytes),
        },
        client: {
          brokers: brokers.split(',').map((broker) => broker.trim()),
          clientId: client_id ?? `fdp-${instanceName()}`,
          ...(tls ? { tls } : {}),
          ...(sasl ? { sasl } : {}),
        },
        buffer: buffer === 'disk' ? { path: buffer_path, maxBytes: sizeBytes(buffer_size) } : undefined,
      },
      context,
    );
  },
});
