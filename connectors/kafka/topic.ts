import { FdpError } from '../../src/errors.ts';
import type { Environment } from '../../src/kit/environment.ts';
import type { Proven } from '../../src/kit/proven.ts';
import type { Client, TopicFacts } from './client.ts';

export interface TopicOptions {
  /** The connector's name, for messages. */
  readonly name: string;
  readonly topic: string;
  readonly partitions: number;
  readonly create: boolean;
  readonly replicas: number | undefined;
  readonly settings: Readonly<Record<string, string>>;
  readonly maxMessageBytes: number;
  /** What has worked with this connector in this process. */
  readonly proven?: Proven;
}

const isThere = 'the topic is there';

/** The default limit of a topic, bytes of a batch. */
const kafkaMaxMessageBytes = 1_048_588;
/** How often, and at which interval in ms, a topic that was just created is polled. */
const polls = 20;
const pollMs = 100;
/** The most bytes that a message alone in its batch takes beside its key and value. */
export const batchOverheadBytes = 128;

export interface OpenTopic extends TopicFacts {
  /** The largest batch that it accepts, bytes. */
  readonly maxBatchBytes: number;
}

/**
 * Finds the topic, or creates it so that it accepts the largest message that this connector sends. Logs if an existing
 * one differs: it is not changed, since keys would move.
 * @throws FDP_REFUSED when there is none and create_topic is false
 */
export async function openTopic(
  client: Client,
  options: TopicOptions,
  environment: Pick<Environment, 'clock' | 'log'>,
): Promise<OpenTopic> {
  const { log } = environment;
  const { name, topic } = options;
  const found = (await client.topic()) ?? (await makeTopic(client, options, environment));
  options.proven?.worked(isThere);
  await client.refresh();
  if (found.partitions !== options.partitions)
    log.warn(
      { topic, partitions: found.partitions },
      `${name}: topic ${topic} has ${found.partitions} partitions, which stay; the pipeline says ${options.partitions}`,
    );
  const maxBatchBytes = Number((await client.setting('max.message.bytes')) ?? kafkaMaxMessageBytes);
  if (maxBatchBytes < options.maxMessageBytes)
    log.warn(
      { topic, max_message_bytes: maxBatchBytes },
      `${name}: topic ${topic} accepts messages of at most ${maxBatchBytes} bytes (max.message.bytes); the pipeline says ${options.maxMessageBytes}`,
    );
  return { ...found, maxBatchBytes };
}

async function makeTopic(
  client: Client,
  options: TopicOptions,
  { clock, log }: Pick<Environment, 'clock' | 'log'>,
): Promise<TopicFacts> {
  const { name, topic, create, partitions, replicas, settings, maxMessageBytes, proven } = options;
  if (!create) {
    const text = `${name}: there is no topic ${topic}: create it, or set \`create_topic: true\``;
    const missing = new FdpError('FDP_REFUSED', text);
    throw proven?.judge(isThere, missing) ?? missing;
  }
  const made = await client.createTopic({
    partitions,
    ...(replicas === undefined ? {} : { replicas }),
    settings: {
      'max.message.bytes': String(Math.max(kafkaMaxMessageBytes, maxMessageBytes + batchOverheadBytes)),
      ...settings,
    },
  });
  if (made) log.info({ topic, partitions }, `${name}: created topic ${topic} with ${partitions} partitions`);
  // The brokers get to know it one after the other.
  for (let attempt = 0; attempt < polls; attempt++) {
    const found = await client.topic();
    if (found) return found;
    await clock.sleep(pollMs);
  }
  throw new FdpError('FDP_UNAVAILABLE', `${name}: topic ${topic} was created but is not available yet`);
}
