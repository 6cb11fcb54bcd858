// Frames from a WebSocket to TCP lines by hand, through Kafka or the SQLite log: a running sum for each symbol.
import { createServer } from 'node:net';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { DatabaseSync } from '@photostructure/sqlite';
import { Kafka, logLevel } from 'kafkajs';
import WebSocket from 'ws';

const { BROKERS, TOPIC, FEED, FOLDER, PORT } = process.env;
const clients = new Set();
const server = createServer({ noDelay: true }, (socket) => {
  clients.add(socket);
  socket.on('error', () => {});
  socket.on('close', () => clients.delete(socket));
}).listen(Number(PORT), '127.0.0.1');
const sums = new Map();
function broadcast(value) {
  let lines = '';
  for (const { s, p, t, v } of JSON.parse(value).data) {
    const sum = sums.get(s) ?? { paid: 0, traded: 0 };
    sums.set(s, sum);
    sum.paid += p * v;
    sum.traded += v;
    lines += `${JSON.stringify({ time: new Date(t).toISOString(), symbol: s, price: p, vwap: sum.paid / sum.traded })}\n`;
  }
  for (const client of clients) client.write(lines);
}

let append;
let close;
if (BROKERS) {
  const kafka = new Kafka({ brokers: [BROKERS], logLevel: logLevel.NOTHING });
  const producer = kafka.producer({ idempotent: true });
  const consumer = kafka.consumer({ groupId: `${TOPIC}-loop`, maxWaitTimeInMs: 250 });
  await Promise.all([producer.connect(), consumer.connect()]);
  await consumer.subscribe({ topic: TOPIC, fromBeginning: true });
  const joined = new Promise((resolve) => consumer.on('consumer.group_join', resolve));
  await consumer.run({ eachMessage: async ({ message }) => broadcast(message.value.toString()) });
  await joined;
  append = (key, value) => producer.send({ topic: TOPIC, acks: -1, messages: [{ key, value }] });
  close = () => Promise.all([producer.disconnect(), consumer.disconnect()]);
} else {
  const log = new DatabaseSync(join(FOLDER, 'log.db'), { timeout: 1000 });
  log.exec('PRAGMA synchronous = FULL');
  const insert = log.prepare(
    'INSERT INTO fdp_records (topic, partition, offset, timestamp, appended, key, value) VALUES (1, ?, ?, ?, ?, ?, ?)',
  );
  const move = log.prepare('UPDATE fdp_partitions SET next = ? WHERE topic = 1 AND partition = ?');
  const ends = [0, 0, 0, 0, 0, 0];
  append = (key, value) => {
    const [partition, now] = [crc32(key) % ends.length, Date.now()];
    log.exec('BEGIN IMMEDIATE');
    insert.run(partition, ends[partition]++, now, now, key, value);
    move.run(ends[partition], partition);
    log.exec('COMMIT');
    broadcast(value);
  };
  close = () => log.close();
}
const socket = new WebSocket(FEED);
socket.on('open', () => {
  for (const symbol of ['AAPL', 'GOOGL', 'TSLA', 'MSFT', 'NVDA', 'AMD'])
    socket.send(JSON.stringify({ type: 'subscribe', symbol }));
});
socket.on('message', (bytes) => {
  const value = bytes.toString();
  const { type, data } = JSON.parse(value);
  if (type === 'trade') append(data[0].s, value);
});
process.on('SIGTERM', async () => {
  socket.terminate();
  for (const client of clients) client.destroy();
  server.close();
  await close();
});
