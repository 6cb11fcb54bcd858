// Trades from Kafka into MongoDB by hand: for each batch one unordered insertMany, one bulkWrite of metadata, one commit.
import { Kafka, logLevel } from 'kafkajs';
import { Decimal128, Long, MongoClient } from 'mongodb';

const { BROKERS, TOPIC, GROUP, MONGODB_URL, DATABASE } = process.env;
const writeConcern = { w: 'majority', j: true };
const client = await new MongoClient(MONGODB_URL).connect();
const trades = client.db(DATABASE).collection('finnhub_trades');
const symbols = client.db(DATABASE).collection('symbols');
await trades.createIndex({ message_key: 1 }, { unique: true });
await trades.createIndex({ symbol: 1, time: -1, _id: -1 });
await symbols.createIndex({ symbol: 1 }, { unique: true });

const kafka = new Kafka({ brokers: [BROKERS], logLevel: logLevel.NOTHING });
const consumer = kafka.consumer({ groupId: GROUP, maxWaitTimeInMs: 250, minBytes: 1 });
await consumer.connect();
await consumer.subscribe({ topic: TOPIC, fromBeginning: true });
await consumer.run({
  autoCommit: false,
  eachBatch: async ({ batch: { topic, partition, messages } }) => {
    const documents = [];
    const metadata = new Map();
    for (const { offset, value } of messages) {
      const { data } = JSON.parse(value.toString());
      for (let index = 0; index < data.length; index++) {
        const { s: symbol, p, t, v } = data[index];
        if (!(p > 0 && v >= 0 && t > 0)) continue;
        documents.push({
          message_key: `${topic}-${partition}-${offset}--${symbol}-${t}-${index}`,
          symbol,
          price: Decimal128.fromString(String(p)),
          time: new Date(t),
          volume: Decimal128.fromString(String(v)),
        });
        const found = metadata.get(symbol);
        if (found === undefined) metadata.set(symbol, { count: 1, latest: t });
        else {
          found.count++;
          if (t > found.latest) found.latest = t;
        }
      }
    }
    await trades.insertMany(documents, { ordered: false, writeConcern });
    const updates = [...metadata].map(([symbol, { count, latest }]) => ({
      updateOne: {
        filter: { symbol },
        update: { $inc: { tradeCount: Long.fromNumber(count) }, $max: { lastTradeAt: new Date(latest) } },
        upsert: true,
      },
    }));
    await symbols.bulkWrite(updates, { ordered: false, writeConcern });
    const next = String(BigInt(messages[messages.length - 1].offset) + 1n);
    await consumer.commitOffsets([{ topic, partition, offset: next }]);
  },
});

process.on('SIGTERM', async () => {
  await consumer.disconnect();
  await client.close();
});
