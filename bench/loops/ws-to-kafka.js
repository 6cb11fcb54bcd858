// Frames from a WebSocket into Kafka by hand: split by symbol, sent together every few milliseconds, confirmed by all.
import { Kafka, logLevel } from 'kafkajs';
import WebSocket from 'ws';

const { BROKERS, TOPIC, FEED, BATCH } = process.env;
const producer = new Kafka({ brokers: [BROKERS], logLevel: logLevel.NOTHING }).producer({ idempotent: true });
await producer.connect();
const waiting = [];
let stopped = false;
const socket = new WebSocket(FEED);
socket.on('open', () => {
  for (const symbol of ['AAPL', 'GOOGL', 'TSLA', 'MSFT', 'NVDA', 'AMD'])
    socket.send(JSON.stringify({ type: 'subscribe', symbol }));
});
socket.on('message', (bytes) => {
  const { type, data } = JSON.parse(bytes.toString());
  if (type !== 'trade') return;
  const groups = new Map();
  for (const trade of data) {
    const group = groups.get(trade.s);
    if (group === undefined) groups.set(trade.s, [trade]);
    else group.push(trade);
  }
  for (const [key, trades] of groups) waiting.push({ key, value: JSON.stringify({ type, data: trades }) });
});
process.on('SIGTERM', () => {
  stopped = true;
});
while (!stopped) {
  const messages = waiting.splice(0, Number(BATCH));
  if (messages.length > 0) await producer.send({ topic: TOPIC, acks: -1, messages });
  else await new Promise((resolve) => setTimeout(resolve, 1));
}
socket.terminate();
await producer.disconnect();
