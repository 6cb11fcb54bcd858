// Frames from a WebSocket into the SQLite log by hand: split by symbol, a transaction for whatever has come meanwhile.
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { DatabaseSync } from '@photostructure/sqlite';
import WebSocket from 'ws';

const { FOLDER, FEED, BATCH } = process.env;
const log = new DatabaseSync(join(FOLDER, 'log.db'), { timeout: 1000 });
log.exec('PRAGMA synchronous = FULL');
const insert = log.prepare(
  'INSERT INTO fdp_records (topic, partition, offset, timestamp, appended, key, value) VALUES (1, ?, ?, ?, ?, ?, ?)',
);
const move = log.prepare('UPDATE fdp_partitions SET next = ? WHERE topic = 1 AND partition = ?');
const ends = [0, 0, 0, 0, 0, 0];
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
  const records = waiting.splice(0, Number(BATCH));
  if (records.length > 0) {
    const now = Date.now();
    log.exec('BEGIN IMMEDIATE');
    for (const { key, value } of records) {
      const partition = crc32(key) % ends.length;
      insert.run(partition, ends[partition]++, now, now, key, value);
    }
    for (let partition = 0; partition < ends.length; partition++) move.run(ends[partition], partition);
    log.exec('COMMIT');
  }
  await new Promise((resolve) => (records.length > 0 ? setImmediate(resolve) : setTimeout(resolve, 1)));
}
socket.terminate();
log.close();
