import { Decimal128, Long, MongoClient } from 'mongodb';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Ledger } from '../support/kafka/ledger.ts';
import { type LedgerAddress, readBooks } from '../support/kafka/ledger-books.ts';
import { onServices } from '../support/services/cluster.ts';
import { randomName } from '../support/services/services.ts';

onServices('ledger', (services) => {
  const address: LedgerAddress = {
    brokers: services.kafka,
    topic: randomName('ledger'),
    url: services.mongo,
    database: randomName('fdp'),
  };
  const mongo = new MongoClient(address.url);
  const db = mongo.db(address.database);
  let ledger: Ledger;
  beforeAll(async () => {
    ledger = await Ledger.open(address, 3);
    await ledger.offer(500);
  });
  afterAll(async () => {
    await ledger.close();
    await db.dropDatabase();
    await mongo.close();
  });

  /** What a processor without fault makes of the log. */
  const process = async () => {
    const { log } = await readBooks(address);
    await db.dropDatabase();
    const counters = new Map<string, { tradeCount: number; lastTradeAt: number }>();
    const documents = [...log].map(([message_key, { symbol, price, time, volume }]) => {
      const { tradeCount, lastTradeAt } = counters.get(symbol) ?? { tradeCount: 0, lastTradeAt: 0 };
      counters.set(symbol, { tradeCount: tradeCount + 1, lastTradeAt: Math.max(lastTradeAt, time) });
      const decimals = { price: Decimal128.fromString(String(price)), volume: Decimal128.fromString(String(volume)) };
      return { message_key, symbol, time: new Date(time), ...decimals };
    });
    await db.collection('finnhub_trades').insertMany(documents);
    const rows = [...counters].map(([symbol, { tradeCount, lastTradeAt }]) => ({
      ...{ symbol, tradeCount: Long.fromNumber(tradeCount), lastTradeAt: new Date(lastTradeAt) },
    }));
    await db.collection('symbols').insertMany(rows);
  };

  it('finds nothing to say where every trade is stored and counted once', async () => {
    await process();
    expect(ledger.acknowledged.size).toBe(500);
    expect((await readBooks(address)).log.size).toBe(500);
    expect(await ledger.audit()).toEqual([]);
  });

  it('reports every kind of difference', async () => {
    await process();
    const trades = db.collection('finnhub_trades');
    const [lost, twice, otherwise] = await trades.find().limit(3).toArray();
    await trades.deleteOne({ message_key: lost?.['message_key'] });
    await trades.insertOne({ ...twice, _id: undefined } as never);
    await trades.updateOne(
      { message_key: otherwise?.['message_key'] },
      { $set: { price: Decimal128.fromString('1') } },
    );
    await trades.insertOne({ message_key: 'nobody knows it' });
    await db.collection('symbols').updateOne({ symbol: 'TSLA' }, { $inc: { tradeCount: Long.fromNumber(1) } });
    await db.collection('symbols').deleteOne({ symbol: 'AAPL' });
    ledger.acknowledged.add(100_000);
    const findings = await ledger.audit();
    ledger.acknowledged.delete(100_000);
    expect(findings).toEqual([
      'acknowledged, but not in the log: number 100000',
      `lost: ${lost?.['message_key']}`,
      'invented: nobody knows it',
      `stored more than once: ${twice?.['message_key']}`,
      `stored otherwise: ${otherwise?.['message_key']}: price is 1, expected ${otherwise?.['price']}`,
      expect.stringMatching(/^counted otherwise: AAPL: tradeCount is null, expected \d+$/),
      expect.stringMatching(/^counted otherwise: AAPL: lastTradeAt is null, expected \d+$/),
      expect.stringMatching(/^counted otherwise: TSLA: tradeCount is \d+, expected \d+$/),
    ]);
  });

  it('reports the number of trades where nothing is stored', async () => {
    await db.dropDatabase();
    const findings = await ledger.audit();
    expect(findings).toContain('lost: 495 more');
    expect(findings.filter((line) => line.startsWith('counted otherwise'))).toHaveLength(6);
  });
});
