import { MongoClient } from 'mongodb';
import { expect, it } from 'vitest';
import type { DeadLetter } from '../../src/kit/dead-letter.ts';
import { Cluster } from '../support/cli/cluster.ts';
import { pause } from '../support/cli/faults.ts';
import { envelope } from '../support/cli/log-writer.ts';
import { eventually } from '../support/cli/platform.ts';
import { miscounted, readBooks, storedIn } from '../support/kafka/ledger-books.ts';
import { KafkaView } from '../support/kafka/view.ts';
import { onOwnServices, onServices } from '../support/services/cluster.ts';
import { startMongo } from '../support/services/services.ts';

const unreadable = 'FDP_MESSAGE_UNREADABLE';
const invalid = 'FDP_MESSAGE_INVALID';
const fiveMegabytes = 5 * 1024 * 1024;
const takesLargeMessages = { 'max.message.bytes': String(16 * 1024 * 1024) };

interface Poison {
  readonly what: string;
  readonly value: Buffer | null;
  readonly code: string;
  /** What the reason says. */
  readonly reason: RegExp;
  /** The children that are refused; the whole record unless given. */
  readonly indexes?: readonly number[];
  /** The letter holds only the beginning. */
  readonly isTruncated?: boolean;
}

function poison(what: string, value: string | Buffer | null, more: Omit<Poison, 'what' | 'value'>): Poison {
  return { what, value: typeof value === 'string' ? Buffer.from(value) : value, ...more };
}

const all: readonly Poison[] = [
  poison('not JSON', 'this is not JSON', { code: unreadable, reason: /JSON/ }),
  poison('another shape', '{"hello":"world"}', { code: invalid, reason: /data/ }),
  poison('a null value', null, { code: unreadable, reason: /tombstone/ }),
  poison('nothing', '', { code: unreadable, reason: /JSON/ }),
  poison('invalid UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]), { code: unreadable, reason: /utf-8/i }),
  poison('5 MB of another shape', `{"junk":"${'x'.repeat(fiveMegabytes)}"}`, { code: invalid, reason: /data/ }),
  poison('5 MB that no letter holds', '"'.repeat(fiveMegabytes), {
    code: unreadable,
    reason: /JSON/,
    isTruncated: true,
  }),
  poison('no symbol', envelope({ s: undefined }), { code: invalid, reason: /symbol/, indexes: [0] }),
  poison('a price without end', envelope({ p: -1e15 }), { code: invalid, reason: /price > -1e15/, indexes: [0] }),
  poison('a time in seconds', envelope({ t: 1763645598 }), { code: invalid, reason: /time > received/, indexes: [0] }),
  poison('NaN', '{"type":"trade","data":[{"s":"AAPL","p":NaN,"t":1,"v":1}]}', { code: unreadable, reason: /JSON/ }),
  poison('NaN as text', envelope({ p: 'NaN' }), { code: invalid, reason: /price/, indexes: [0] }),
  poison('an infinite price', envelope({}).replace('196.38', '1e999'), {
    code: invalid,
    reason: /price/,
    indexes: [0],
  }),
  poison('the second of three', envelope({ s: 'GOOD' }, { p: '1' }, { s: 'GOOD' }), {
    ...{ code: invalid, reason: /price/, indexes: [1] },
  }),
];

/** The letters of a topic, by the address of the message that they are about. */
async function lettersIn(view: KafkaView, topic: string): Promise<readonly DeadLetter[]> {
  const letters = (await view.records(topic)).map(({ value }): DeadLetter => JSON.parse(String(value)));
  const positionOf = ({ origin }: DeadLetter) => 100 * (origin.offset ?? 0) + (origin.index ?? 0);
  return letters.sort((a, b) => positionOf(a) - positionOf(b));
}

onServices('poison in the topic', (services) => {
  it('goes to the topic of dead letters with reason, origin and bytes; neighbours are stored, and more comes through', async () => {
    using cluster = new Cluster(services.kafka, services.mongo);
    const { topic, brokers } = cluster.address;
    await using view = await KafkaView.open(brokers);
    await view.makeTopic(topic, 6, takesLargeMessages);
    await using processor = await cluster.processor();
    const good = () => ({ key: 'GOOD', partition: 2, value: envelope({ s: 'GOOD' }) });
    for (const { value } of all) await view.append(topic, [good(), { key: null, partition: 2, value }, good()]);
    const trades = 2 * all.length + 2;
    await eventually('the neighbours stored', async () => (await storedIn(cluster.address)) === trades);
    await view.untilReadThrough(cluster.group, topic);

    const letters = await lettersIn(view, cluster.rejected);
    const expected = all.flatMap(({ code, indexes = [undefined] }, nth) =>
      indexes.map((index) => ({ code, partition: 2, offset: 3 * nth + 1, index })),
    );
    const found = letters.map(({ code, origin: { partition, offset, index } }) => ({ code, partition, offset, index }));
    expect(found).toEqual(expected);
    for (const letter of letters) {
      const { what, value, reason, isTruncated = false } = all[((letter.origin.offset ?? 0) - 1) / 3] ?? {};
      expect([what, letter.reason]).toEqual([what, expect.stringMatching(reason ?? /^$/)]);
      expect(letter.origin).toMatchObject({ topic, key: null, timestamp: expect.any(Number) });
      expect(letter.bytes).toBe(value?.length ?? 0);
      const kept = Buffer.from(letter.value, letter.encoding);
      expect([what, kept.equals(value ?? Buffer.alloc(0))]).toEqual([what, !isTruncated]);
      if (isTruncated) expect(value?.subarray(0, kept.length).equals(kept)).toBe(true);
    }
    expect(await miscounted(cluster.address)).toEqual([]);
    await view.append(topic, [good()]);
    await eventually('more is stored', async () => (await storedIn(cluster.address)) === trades + 1);
    expect(await processor.stop('SIGTERM'), processor.output).toBe(0);
  });
});

onServices('a counter that the store refuses for ever, in a backlog of many symbols', (services) => {
  it('has a letter for each of its messages, with the bytes that are in the log; all others are counted', async () => {
    using cluster = new Cluster(services.kafka, services.mongo);
    const { topic, brokers, url, database } = cluster.address;
    await using view = await KafkaView.open(brokers);
    await view.makeTopic(topic, 6);
    const client = await new MongoClient(url).connect();
    await client.db(database).createCollection('symbols', { validator: { symbol: { $ne: 'S7' } } });
    const [symbols, rounds] = [200, 30];
    for (let round = 0; round < rounds; round++)
      await view.append(
        topic,
        Array.from({ length: symbols }, (_, at) => {
          const value = envelope({ s: `S${at}`, t: 1763645598585 + round });
          return { key: `S${at}`, partition: at % 6, value };
        }),
      );
    await using processor = await cluster.processor();
    await view.untilReadThrough(cluster.group, topic);
    const letters = await lettersIn(view, cluster.rejected);
    const times = letters.map(({ value }) => JSON.parse(value).data[0]);
    expect(times.map(({ s, t }) => [s, t])).toEqual(
      Array.from({ length: rounds }, (_, round) => ['S7', 1763645598585 + round]),
    );
    const counted = await client.db(database).collection('symbols').find({ tradeCount: rounds }).toArray();
    expect(counted).toHaveLength(symbols - 1);
    await client.close();
    expect(await processor.stop('SIGTERM'), processor.output).toBe(0);
  });
});

onOwnServices('a document that the store refuses for ever, and a store that is away', (services) => {
  it('are never mixed up: the first goes to the dead letter, the second is waited for', async () => {
    const mongo = await startMongo();
    using cluster = new Cluster(services.kafka, mongo.address);
    const { topic, brokers, url, database } = cluster.address;
    await using view = await KafkaView.open(brokers);
    await view.makeTopic(topic, 6);
    const client = await new MongoClient(url).connect();
    // Somebody has given both collections validators that refuse a symbol for ever.
    for (const [name, symbol] of [
      ['finnhub_trades', 'UNWANTED'],
      ['symbols', 'UNCOUNTED'],
    ] as const)
      await client.db(database).createCollection(name, { validator: { symbol: { $ne: symbol } } });
    await client.close();
    await using processor = await cluster.processor();
    const append = (from: number, count: number) =>
      view.append(
        topic,
        Array.from({ length: count }, (_, at) => {
          const t = 1763645598585 + from + at;
          const value = envelope({ s: 'GOOD', t }, { s: 'UNWANTED', t }, { s: 'UNCOUNTED', t }, { s: 'GOOD', t });
          return { key: 'GOOD', partition: at % 6, value };
        }),
      );
    try {
      await append(0, 30);
      await eventually('stored before', async () => (await storedIn(cluster.address)) === 90);
      await mongo.kill();
      await append(100, 30);
      await eventually(
        'it waits',
        async () => processor.output.includes('retrying') || processor.output.includes('away'),
      );
      await pause(3000);
      await mongo.restart();
      await eventually('stored after', async () => (await storedIn(cluster.address)) === 180);
      await view.untilReadThrough(cluster.group, topic);
      const letters = await lettersIn(view, cluster.rejected);
      const found = letters.map(({ code, sink, origin: { index } }) => JSON.stringify([code, sink, index]));
      const counts = Object.fromEntries([...new Set(found)].map((one) => [one, found.filter((o) => o === one).length]));
      expect(counts).toEqual({
        '["FDP_MESSAGE_REFUSED","trades",1]': 60,
        '["FDP_MESSAGE_REFUSED","symbols",2]': 60,
      });
      for (const { reason } of letters) expect(reason).toMatch(/refuses the document \(121\)/);
      const { trades, symbols } = await readBooks(cluster.address);
      expect(trades.filter(({ symbol }) => symbol === 'UNWANTED')).toEqual([]);
      expect(symbols.map(({ symbol, tradeCount }) => [symbol, tradeCount])).toEqual([['GOOD', 120]]);
      expect(processor.child.exitCode).toBe(null);
      expect(await processor.stop('SIGTERM'), processor.output).toBe(0);
    } finally {
      await processor.stop('SIGKILL');
      await mongo.stop();
    }
  });
});
