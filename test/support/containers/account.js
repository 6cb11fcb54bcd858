// Reads the whole log, the store and its counters, and prints a comparison as one line of JSON. For `node
// --input-type=module` in a container of the image, which has these packages, KAFKA_BROKERS and MONGODB_URL.
import { Kafka, logLevel } from 'kafkajs';
import { MongoClient } from 'mongodb';

const topic = 'raw_stock_ticks';
const { KAFKA_BROKERS = '', MONGODB_URL = '' } = process.env;

/** All trades of the log by their key in the store, and the number of messages that occur twice. */
async function readLog() {
  const kafka = new Kafka({ brokers: KAFKA_BROKERS.split(','), logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  const ends = new Map((await admin.fetchTopicOffsets(topic)).map(({ partition, high }) => [partition, Number(high)]));
  const groupId = `account-${process.pid}-${Date.now()}`;
  const consumer = kafka.consumer({ groupId });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const left = new Map([...ends].filter(([, end]) => end > 0));
  const keys = [];
  const messages = new Map();
  await new Promise((resolve, reject) => {
    const each = ({ partition, message: { key, value, offset } }) => {
      if (Number(offset) < (ends.get(partition) ?? 0)) {
        const text = `${key} ${value}`;
        messages.set(text, (messages.get(text) ?? 0) + 1);
        const origin = `${topic}-${partition}-${offset}-`;
        for (const [index, { s, t }] of JSON.parse(value).data.entries()) keys.push(`${origin}-${s}-${t}-${index}`);
      }
      if (Number(offset) + 1 >= (left.get(partition) ?? 0)) left.delete(partition);
      if (left.size === 0) resolve(undefined);
    };
    if (left.size === 0) resolve(undefined);
    else consumer.run({ eachMessage: async (given) => each(given) }).catch(reject);
  });
  await consumer.disconnect();
  await admin.deleteGroups([groupId]).catch(() => {});
  await admin.disconnect();
  const repeated = [...messages.values()].reduce((sum, times) => sum + times - 1, 0);
  return { keys, repeated };
}

async function readStore() {
  const client = await new MongoClient(MONGODB_URL).connect();
  const db = client.db('financialDataDatabase');
  const rows = await db
    .collection('finnhub_trades')
    .find({}, { projection: { message_key: 1 } })
    .toArray();
  const counted = await db
    .collection('symbols')
    .aggregate([{ $group: { _id: null, sum: { $sum: '$tradeCount' } } }])
    .toArray();
  await client.close();
  return { stored: rows.map(({ message_key }) => message_key), counted: Number(counted[0]?.sum ?? 0) };
}

const [{ keys, repeated }, { stored, counted }] = [await readLog(), await readStore()];
const known = new Set(stored);
const report = {
  logged: keys.length,
  repeated,
  stored: stored.length,
  counted,
  missing: keys.filter((key) => !known.has(key)).length,
};
process.stdout.write(`${JSON.stringify(report)}\n`);
