import { MongoClient } from 'mongodb';
import { expect, it } from 'vitest';
import { Cluster } from '../support/cli/cluster.ts';
import { eventually } from '../support/cli/platform.ts';
import { KafkaView } from '../support/kafka/view.ts';
import { onServices } from '../support/services/cluster.ts';
import { NumberedExchange } from '../support/sockets/numbered-exchange.ts';

const hour = 3_600_000;

onServices('the date of a record', (services) => {
  it('is when it was received: trades of another clock, and late ones, are kept and handled by themselves', async () => {
    using cluster = new Cluster(services.kafka, services.mongo);
    const { topic, brokers, url, database } = cluster.address;
    await using view = await KafkaView.open(brokers);
    await using exchange = await NumberedExchange.open(['AAPL', 'GOOGL', 'TSLA', 'MSFT', 'NVDA', 'AMD']);
    // The broker takes no dates of more than an hour ahead, and drops what is dated before yesterday.
    const settings = { 'message.timestamp.after.max.ms': String(hour), 'retention.ms': String(24 * hour) };
    await view.makeTopic(topic, 6, settings);
    const finnhub = { FDP_FEED: 'finnhub', FINNHUB_URL: exchange.url, FINNHUB_TOKEN: 'token' };
    const { process: processor } = await cluster.start(['--topology', 'processor']);
    const { process: ingestor } = await cluster.start(['--topology', 'ingestor'], finnhub);
    const mongo = await new MongoClient(url).connect();
    const began = Date.now();
    try {
      await exchange.subscribed();
      const frames = [
        [
          { p: 1, s: 'AAPL', t: began + 2 * hour, v: 1, c: ['1', '8'] },
          { p: 2, s: 'GOOGL', t: began, v: 1 },
        ],
        [{ p: 3, s: 'TSLA', t: began - 2 * 365 * 24 * hour, v: 1, c: null }],
        [{ p: 4, s: 'MSFT', t: Date.UTC(2099, 0), v: 1 }],
      ];
      for (const data of frames) await exchange.send(JSON.stringify({ type: 'trade', data }));
      const trades = mongo.db(database).collection('finnhub_trades');
      await eventually('three trades and one letter', async () => {
        const letters = await view.records(cluster.rejected).catch(() => []);
        return (await trades.countDocuments()) === 3 && letters.length === 1;
      });
      const records = await view.records(topic);
      expect(records).toHaveLength(4);
      for (const { timestamp } of records) {
        expect(timestamp).toBeGreaterThanOrEqual(began);
        expect(timestamp).toBeLessThanOrEqual(Date.now());
      }
      const stored = await trades.find().sort({ price: 1 }).toArray();
      const dateOf = (key: string) => new Date(records.find((record) => record.key === key)?.timestamp ?? 0);
      expect(stored.map(({ symbol, time, conditions, received }) => ({ symbol, time, conditions, received }))).toEqual([
        { symbol: 'AAPL', time: new Date(began + 2 * hour), conditions: ['1', '8'], received: dateOf('AAPL') },
        { symbol: 'GOOGL', time: new Date(began), conditions: null, received: dateOf('GOOGL') },
        { symbol: 'TSLA', time: new Date(began - 2 * 365 * 24 * hour), conditions: null, received: dateOf('TSLA') },
      ]);
      const [letter] = await view.records(cluster.rejected);
      expect(JSON.parse(String(letter?.value))).toMatchObject({ reason: expect.stringContaining('time < received') });
      expect([await ingestor.stop('SIGTERM'), await processor.stop('SIGTERM')]).toEqual([0, 0]);
    } finally {
      await mongo.close();
    }
  });
});
