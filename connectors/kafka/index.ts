import { defineConnector, logOptions, noUsage } from '../../src/kit/declaration.ts';
import { counter, figures } from '../../src/kit/figures.ts';
import { instanceName } from '../../src/kit/instance.ts';
import { sizeBytes } from '../../src/kit/units.ts';
import { bufferFigures } from '../shared/disk-buffer/figures.ts';
import { logSourceUsage } from '../shared/log/usage.ts';

/** One topic of a Kafka cluster: consumer groups share its partitions among processes and machines. */
export const kafka = defineConnector({
  type: 'kafka',
  summary: 'A topic of a Kafka cluster, shared by consumer groups over many machines.',
  family: 'log',
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
        description: 'Brokers to begin with, as host:port, separated by commas.',
        examples: ['localhost:9092', 'kafka-1:9092,kafka-2:9092'],
      },
      client_id: {
        type: 'string',
        minLength: 1,
        description:
          'Name under which the brokers log and limit this client; unless given `fdp-` and the name of the process (FDP_INSTANCE).',
        examples: ['fdp'],
      },
      create_topic: {
        type: 'boolean',
        default: true,
        description: 'Make the topic when it is missing. When false, a missing topic ends the topology.',
      },
      replication_factor: {
        type: 'integer',
        minimum: 1,
        description: "Copies of each partition when the topic is made; the brokers' default unless given.",
        examples: [3],
      },
      topic_config: {
        type: 'object',
        additionalProperties: { type: 'string' },
        description: "Kafka's own settings of the topic when it is made.",
        examples: [{ 'retention.ms': '604800000' }],
      },
      buffer: {
        enum: ['none', 'disk'],
        default: 'none',
        description:
          'Where messages of a source that cannot replay wait while Kafka is away: nowhere (the source is paused), or on the disk.',
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
        description: 'Size of the disk buffer; when it is full the oldest messages are dropped, and counted.',
      },
      max_message_bytes: {
        type: 'string',
        format: 'size',
        default: '1MiB',
        description:
          'The largest message that is sent, with its key; a larger one goes to the dead letter. What others have packed is read up to this size, and up to 16 MiB a batch in any case.',
      },
      tls: {
        type: 'object',
        additionalProperties: false,
        description: 'Encrypts the connection; `{}` trusts the authorities that Node.js trusts.',
        properties: {
          ca: { type: 'string', format: 'path', description: 'File of the authorities that are trusted, PEM.' },
          cert: { type: 'string', format: 'path', description: "File of the client's certificate, PEM." },
          key: { type: 'string', format: 'path', description: "File of the client's private key, PEM." },
          server_name: { type: 'string', description: "Name expected in the brokers' certificates." },
        },
      },
      sasl: {
        type: 'object',
        additionalProperties: false,
        required: ['mechanism', 'username', 'password'],
        description: 'How the client proves who it is.',
        properties: {
          mechanism: { enum: ['plain', 'scram-sha-256', 'scram-sha-512'], description: 'The SASL mechanism.' },
          username: { type: 'string', minLength: 1, description: 'Name of the user.' },
          password: { type: 'string', minLength: 1, description: 'Password of the user.', secret: true },
        },
      },
    },
  },
  example: 'ticks: { type: kafka, brokers: "localhost:9092", topic: raw_stock_ticks, partitions: 6 }',
  source: { options: logSourceUsage },
  sink: { options: noUsage },
  figures: {
    ...bufferFigures,
    gap: figures.gap,
    maybe_twice: counter(
      'unconfirmed_messages',
      'Messages that may be in the log twice: the outcome of a write is unknown.',
    ),
  },
  logNames: ({ brokers, topic }) => brokers.split(',').map((broker) => `${broker.trim()} ${topic}`),
  check({ tls, brokers }, report) {
    const far = brokers.split(',').find((broker) => Number(/:(\d+)\s*$/.exec(broker)?.[1]) > 65_535);
    if (far) report(['brokers'], `expected a port of 1 to 65535, got ${far.trim()}`);
    if (tls && (tls.cert === undefined) !== (tls.key === undefined))
      report(['tls'], 'expected `cert` and `key` together, got one of them');
  },
  async create(options, context) {
    const { kafkaConnector } = await import('./connector.ts');
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
