import { errorText } from '../../src/errors.ts';
import type { NewTopic, TopicFacts } from './client.ts';
import { kafkaError, reasonOf } from './errors.ts';
import type { Calls } from './kafkajs-calls.ts';
import type { Broker } from './kafkajs-internals.ts';
import type { ClientOptions, Link } from './kafkajs-link.ts';
import { type DescribedTopic, describeTopic, topicIdVersion } from './metadata.ts';

/** A topic that is not visible to this client, or does not exist. */
const unseen = new Set(['TOPIC_AUTHORIZATION_FAILED', 'INVALID_TOPIC_EXCEPTION', 'UNKNOWN_TOPIC_OR_PARTITION']);

/** Calls about topics: whether they exist, how many partitions they have, their settings. */
export class TopicCalls {
  readonly #options: ClientOptions;
  readonly #link: Link;
  readonly #calls: Calls;

  constructor(options: ClientOptions, link: Link, calls: Calls) {
    this.#options = options;
    this.#link = link;
    this.#calls = calls;
  }

  facts(): Promise<TopicFacts | undefined> {
    const { topic } = this.#options;
    return this.#calls.run(`looking up topic ${topic}`, () => this.#factsOf(topic));
  }

  partitionsOf(topics: readonly string[]): Promise<ReadonlyMap<string, number>> {
    return this.#calls.run('looking for topics', () => this.findPartitions(topics));
  }

  /** As `partitionsOf`, within another call. */
  async findPartitions(topics: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const found = new Map<string, number>();
    for (const topic of topics) {
      const facts = await this.#factsOf(topic).catch((error) => {
        // Another member reads it, with rights of its own.
        if (topic === this.#options.topic || !unseen.has(reasonOf(kafkaError('', '', error)) ?? '')) throw error;
        return undefined;
      });
      if (facts) found.set(topic, facts.partitions);
      else if (topic === this.#options.topic) throw this.#link.kafkajs.errorOf(3);
    }
    return found;
  }

  async #factsOf(topic: string): Promise<TopicFacts | undefined> {
    const broker = await (await this.#link.cluster()).brokerPool.findConnectedBroker();
    if ((this.#link.versions?.[3]?.maxVersion ?? 0) < topicIdVersion) return this.#factsWithoutId(broker, topic);
    const { error, ...facts } = await broker.connectionPool.send<DescribedTopic>(
      describeTopic(topic, this.#link.kafkajs),
    );
    if (error === 3) return undefined;
    if (error !== 0) throw this.#link.kafkajs.errorOf(error);
    return facts;
  }

  async #factsWithoutId(broker: Broker, topic: string): Promise<TopicFacts | undefined> {
    try {
      const { clusterId, topicMetadata } = await broker.metadata([topic]);
      return { id: clusterId, partitions: topicMetadata[0]?.partitionMetadata.length ?? 0 };
    } catch (error) {
      if (reasonOf(kafkaError('', '', error)) === 'UNKNOWN_TOPIC_OR_PARTITION') return undefined;
      throw error;
    }
  }

  create({ partitions, replicas = -1, settings }: NewTopic): Promise<boolean> {
    const { topic } = this.#options;
    return this.#calls.run(`making topic ${topic}`, async () => {
      const cluster = await this.#link.cluster();
      await cluster.refreshMetadata();
      const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }));
      const wanted = { topic, numPartitions: partitions, replicationFactor: replicas, configEntries };
      try {
        await (await cluster.findControllerBroker()).createTopics({ topics: [wanted] });
        return true;
      } catch (error) {
        if (reasonOf(kafkaError('', '', error)) === 'TOPIC_ALREADY_EXISTS') return false;
        throw error;
      }
    });
  }

  async setting(name: string): Promise<string | undefined> {
    try {
      const cluster = await this.#link.cluster();
      const broker = await cluster.brokerPool.findConnectedBroker();
      const resources = [{ type: 2, name: this.#options.topic, configNames: [name] }];
      const found = await broker.describeConfigs({ resources });
      return found.resources[0]?.configEntries.find(({ configName }) => configName === name)?.configValue;
    } catch (error) {
      this.#options.log.debug({}, `${this.#options.name}: ${name} can't be seen: ${errorText(error)}`);
      return undefined;
    }
  }
}
