import { Kafka, logLevel } from 'kafkajs';
import { MongoClient } from 'mongodb';
import { onDatabase, pipelineCopy } from '../test/support/cli/pipeline-copy.ts';
import { randomName } from '../test/support/services/services.ts';
import { type Backlog, type BacklogMessage, backlogMessages } from './market.ts';
import type { Servers } from './services.ts';

const sendMessages = 2000;

/** Makes a topic of six partitions and fills it. */
export async function filledTopic({ brokers }: Servers, backlog: Backlog): Promise<string> {
  const topic = randomName('bench');
  const kafka = new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING });
  const [admin, producer] = [kafka.admin(), kafka.producer()];
  await Promise.all([admin.connect(), producer.connect()]);
  await admin.createTopics({ topics: [{ topic, numPartitions: 6 }] });
  let messages: BacklogMessage[] = [];
  const send = async () => {
    await producer.send({ topic, acks: -1, messages });
    messages = [];
  };
  for (const message of backlogMessages(backlog)) if (messages.push(message) === sendMessages) await send();
  if (messages.length > 0) await send();
  await Promise.all([admin.disconnect(), producer.disconnect()]);
  return topic;
}

/** The shipped pipeline on a topic, groups and a database of its own. */
export function clusterPipeline(
  folder: string,
  topic: string,
  database: string,
  ...edits: readonly (readonly [text: string, instead: string])[]
): string {
  const name = randomName('group');
  return pipelineCopy(
    `${folder}/${name}`,
    ...edits,
    ['topic: raw_stock_ticks, partitions', `topic: ${topic}, partitions`],
    ['topic: raw_stock_ticks.rejected', `topic: ${topic}.rejected`],
    ['group: processor', `group: ${name}`],
    ['group: analytics', `group: ${name}-analytics`],
    ['group: candles', `group: ${name}-candles`],
    ...onDatabase(database),
  );
}

/** A database of one run, gone afterwards. */
export class RunDatabase implements AsyncDisposable {
  readonly name = randomName('bench');
  readonly #client: MongoClient;

  private constructor(client: MongoClient) {
    this.#client = client;
  }

  static async open(url: string): Promise<RunDatabase> {
    return new RunDatabase(await new MongoClient(url).connect());
  }

  /** Trades stored and, at the end, counted too: the lower of both. */
  async stored(total: number): Promise<number> {
    const db = this.#client.db(this.name);
    const stored = await db.collection('finnhub_trades').estimatedDocumentCount();
    if (stored < total) return stored;
    // Added up there: to fetch thousands of rows, poll after poll, would take the time of what is measured.
    const counted = db.collection('symbols').aggregate([{ $group: { _id: null, trades: { $sum: '$tradeCount' } } }]);
    return Number((await counted.next())?.['trades'] ?? 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.db(this.name).dropDatabase();
    await this.#client.close();
  }
}
