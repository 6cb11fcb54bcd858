import { readFileSync } from 'node:fs';
import { type Db, MongoClient } from 'mongodb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Trade } from '../../connectors/shared/feed/trade.ts';
import { onDatabase, pipelineCopy } from '../support/cli/pipeline-copy.ts';
import { eventually, Process, temporaryFolder } from '../support/cli/platform.ts';
import { type OldRecord, oldDocuments, processAsBefore } from '../support/cli/replaced-platform.ts';
import { type Answer, get, workspaceIn } from '../support/cli/workspace.ts';
import { KafkaView } from '../support/kafka/view.ts';
import { onServices } from '../support/services/cluster.ts';
import { databaseUrl, randomName } from '../support/services/services.ts';

type Edit = readonly [text: string, instead: string];

const guide = readFileSync('docs/migrate.md', 'utf8');
const symbols = ['AAPL', 'BRK.B', 'BINANCE:BTCUSDT'];
const [sourceLine = '', keyLine = ''] = blockOf('processor').trimEnd().split('\n');
const sourceOld = '    source: { connector: ticks, group: processor, from: earliest }';

/** The code block of the guide that stands below `<!-- migrate: NAME -->`. */
function blockOf(name: string): string {
  const found = new RegExp(`<!-- migrate: ${name} -->\n\`\`\`\\w+\n([^]*?)\`\`\``).exec(guide);
  if (!found?.[1]) throw new Error(`docs/migrate.md has no block "${name}"`);
  return found[1];
}

onServices('taking over the platform that fdp replaces', (services) => {
  let folder: ReturnType<typeof temporaryFolder>;
  let client: MongoClient;
  let db: Db;
  let view: KafkaView;
  let topic: string;
  let group: string;
  const processes: Process[] = [];

  beforeEach(async () => {
    folder = temporaryFolder();
    topic = randomName('ticks');
    group = randomName('group');
    client = await new MongoClient(databaseUrl(services.mongo, randomName('old'))).connect();
    db = client.db();
    view = await KafkaView.open(services.kafka);
    await view.makeTopic(topic, 3);
    await db.collection('symbols').createIndex({ symbol: 1 }, { unique: true });
  });
  afterEach(async () => {
    for (const process of processes.splice(0)) await process[Symbol.asyncDispose]();
    await db.dropDatabase();
    await client.close();
    await view[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  /** Appends frames as its ingestor does - all symbols of a frame in one message, without a key - from a number on. */
  async function append(from: number, count: number): Promise<readonly OldRecord[]> {
    const frames = Array.from({ length: count }, (_, n) => ({ partition: (from + n) % 3, trades: frame(from + n) }));
    const messages = frames.map(({ partition, trades }) => ({
      partition,
      key: null,
      value: JSON.stringify({ type: 'trade', data: trades }),
    }));
    await view.append(topic, messages);
    return frames.map(({ partition, trades }, n) => ({ topic, partition, offset: Math.floor((from + n) / 3), trades }));
  }
  const indexed = () => db.collection('finnhub_trades').createIndex({ message_key: 1 }, { unique: true });
  const collections = () => ({ trades: db.collection('finnhub_trades'), symbols: db.collection('symbols') });

  /** Runs the processor on that database, with the changes of a user. */
  const processor = async (...edits: readonly Edit[]) => (await start('processor', edits)).process;

  async function start(topology: string, edits: readonly Edit[]): Promise<{ process: Process; api: string }> {
    const workspace = await workspaceIn(folder.path);
    const all: Edit[] = [
      ...edits.map(([text, instead]): Edit => [text, instead.replace('finnhub-websocket-consumer-group', group)]),
      ['topic: raw_stock_ticks, partitions', `topic: ${topic}, partitions`],
      ['topic: raw_stock_ticks.rejected', `topic: ${topic}.rejected`],
      ...onDatabase(db.databaseName),
    ];
    const pipeline = pipelineCopy(`${folder.path}/${randomName()}`, ...all);
    const addresses = { KAFKA_BROKERS: services.kafka, MONGODB_URL: services.mongo, FDP_PROFILE: 'cluster' };
    const env = { ...workspace.env, ...addresses, OBSERVE_PORT: '0' };
    const process = new Process(['--topology', topology, '--pipeline', pipeline], env);
    processes.push(process);
    return { process, api: workspace.api };
  }
  const shippedGroup = (): Edit => [sourceOld, sourceOld.replace('group: processor', `group: ${group}-shipped`)];
  const bothLines = (): readonly Edit[] => [[sourceOld, sourceLine], oldKey()];

  /** Waits until everything in the topic is stored, once, and stops the processor. */
  async function stored(process: Process, records: readonly OldRecord[], collection = 'finnhub_trades'): Promise<void> {
    const expected = records.flatMap(oldDocuments).map(({ message_key: key }) => String(key));
    const keys = async () => (await db.collection(collection).find().toArray()).map(({ message_key: key }) => key);
    await eventually(
      `${expected.length} trades stored: ${process.output.slice(-2000)}`,
      async () => (await keys()).length >= expected.length,
    );
    expect(await process.stop()).toBe(0);
    expect((await keys()).sort()).toEqual(expected.sort());
  }
  const counters = async () =>
    Object.fromEntries(
      (await db.collection('symbols').find().toArray()).map((row) => [row['symbol'], row['tradeCount']]),
    );
  const countersOf = (records: readonly OldRecord[]) =>
    Object.fromEntries(
      symbols.map((symbol) => [symbol, records.flatMap(({ trades }) => trades).filter(({ s }) => s === symbol).length]),
    );
  const run = (block: string) => runInShell(db, blockOf(block));

  describe('without the two lines', () => {
    it('ends with both cures before a trade is stored twice', async () => {
      const old = await append(0, 40);
      await indexed();
      for (const record of old) await processAsBefore(record, collections());
      const process = await processor(shippedGroup());
      expect(await process.ended).toBe(1);
      expect(process.output).toMatch(/FDP_STORE_DIFFERS/);
      expect(process.output).not.toMatch(/no confirmation within/);
      expect(process.output).toMatch(/idempotency_key.*group.*docs\/migrate\.md/);
      expect(await db.collection('finnhub_trades').countDocuments()).toBe(old.flatMap(({ trades }) => trades).length);
    });
  });

  describe('with the group and the key', () => {
    beforeEach(() => indexed());

    it('continues where the other processor stopped, and the counters match the stored trades', async () => {
      const old = await append(0, 40);
      for (const record of old) await processAsBefore(record, collections());
      // Processed and not committed: read again; and counted twice before.
      for (const record of old.slice(-3)) await processAsBefore(record, collections());
      await view.commit(group, topic, positionsAfter(old.slice(0, -3)));
      const more = await append(40, 20);
      await run('counters');
      expect(await counters()).toEqual(countersOf(old));
      await stored(await processor(...bothLines()), [...old, ...more]);
      expect(await counters()).toEqual(countersOf([...old, ...more]));
    });

    it('lets the other processor continue, and takes over again after it', async () => {
      const old = await append(0, 12);
      for (const record of old) await processAsBefore(record, collections());
      await view.commit(group, topic, positionsAfter(old));
      const ours = await append(12, 12);
      await stored(await processor(...bothLines()), [...old, ...ours]);
      const positions = await view.positions(group, topic);
      expect(positions).toEqual(positionsAfter([...old, ...ours]));
      const again = await append(24, 12);
      for (const record of again) await processAsBefore(record, collections());
      await view.commit(group, topic, positionsAfter([...old, ...ours, ...again].slice(0, -3)));
      await run('counters');
      const last = await append(36, 12);
      const all = [...old, ...ours, ...again, ...last];
      await stored(await processor(...bothLines()), all);
      expect(await counters()).toEqual(countersOf(all));
    });

    it('reads from the beginning with the key alone, and stores and counts only what was missing', async () => {
      const old = await append(0, 30);
      for (const [n, record] of old.entries()) if (n % 5 !== 0) await processAsBefore(record, collections());
      await stored(await processor(shippedGroup(), oldKey()), old);
      expect(await counters()).toEqual(countersOf(old));
    });
  });

  it('waits while the other processor is in the group, logs it, and continues when it has left', async () => {
    const records = await append(0, 12);
    const other = await view.join(group, topic, 'range');
    const process = await processor(...bothLines());
    await eventually('it says who works the group', async () =>
      /another program is a member of this group/.test(process.output),
    );
    await other.leave();
    await stored(process, records);
  });

  it('answers the routes of the other API from its documents', async () => {
    const old = await append(0, 9);
    for (const record of old) await processAsBefore(record, collections());
    const { api } = await start('api', bothLines());
    const { data } = await eventually('the API answers', async () => {
      const answer = await get(`${api}/api/v1/trades/AAPL?limit=2`);
      return answer?.status === 200 && (answer.body as { data: { data: unknown; pagination: object } });
    });
    const { t, p, v } = old.flatMap(({ trades }) => trades).findLast(({ s }) => s === 'AAPL') as Trade;
    const timestamp = new Date(t).toISOString();
    expect(data).toMatchObject({ data: [{ timestamp, price: String(p), volume: String(v) }, {}] });
    expect(data.pagination).toMatchObject({ next_cursor: expect.any(Number) });
    const { body } = (await get(`${api}/api/v1/symbols`)) as Answer;
    const available = (body['data'] as { available: readonly { symbol: string; trade_count: number }[] }).available;
    expect(Object.fromEntries(available.map((row) => [row.symbol, row.trade_count]))).toEqual(countersOf(old));
  });

  it('copies a time-series collection, each trade once, and continues in the copy', async () => {
    await db.createCollection('finnhub_trades', { timeseries: { timeField: 'time', metaField: 'symbol' } });
    const old = await append(0, 20);
    for (const record of [...old, ...old.slice(0, 4)]) await processAsBefore(record, collections());
    await view.commit(group, topic, positionsAfter(old));
    const refused = await processor(...bothLines());
    expect(await refused.ended).toBe(1);
    expect(refused.output).toMatch(/time-series collection/);
    await run('time series');
    const more = await append(20, 10);
    const copy: Edit = ['collection: finnhub_trades', 'collection: finnhub_trades_fdp'];
    await stored(await processor(...bothLines(), copy), [...old, ...more], 'finnhub_trades_fdp');
    await runInShell(db, blockOf('counters').replace('finnhub_trades', 'finnhub_trades_fdp'));
    expect(await counters()).toEqual(countersOf([...old, ...more]));
  });

  function oldKey(): Edit {
    return [/ +- idempotency_key:.*/.exec(readFileSync('pipeline.yml', 'utf8'))?.[0] ?? '', keyLine];
  }
});

function frame(n: number): readonly Trade[] {
  return Array.from({ length: 1 + (n % 4) }, (_, index) => {
    const s = symbols[(n + index) % symbols.length] ?? '';
    return { s, p: 100 + n / 8, t: Date.UTC(2025, 10, 20) + n * 250, v: n + index };
  });
}

/** The position of each partition after these records. */
function positionsAfter(records: readonly OldRecord[]): ReadonlyMap<number, number> {
  const next = new Map<number, number>();
  for (const { partition, offset } of records) next.set(partition, Math.max(next.get(partition) ?? 0, offset + 1));
  return new Map([...next].sort(([one], [other]) => one - other));
}

/** Runs a line for mongosh: the names that it uses are those of the shell. */
async function runInShell(db: Db, line: string): Promise<void> {
  const shell = new Proxy({}, { get: (_, name) => db.collection(String(name)) });
  const cursor = new Function('db', `return ${line}`)(shell) as { toArray(): Promise<unknown> };
  await cursor.toArray();
}
