// Trades from the SQLite log to TCP clients by hand: a ring buffer with running sums for each symbol, one JSON line per trade.
import { createServer } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';

const batch = 500;
const size = 50;
const log = new DatabaseSync(join(process.env.FOLDER, 'log.db'), { timeout: 0 });
const read = log.prepare(
  'SELECT offset, value FROM fdp_records WHERE topic = 1 AND partition = ? AND offset >= ? ORDER BY offset LIMIT ?',
);
const clients = new Set();
const server = createServer({ noDelay: true }, (socket) => {
  clients.add(socket);
  socket.on('close', () => clients.delete(socket));
  socket.on('error', () => {});
}).listen(Number(process.env.PORT), '127.0.0.1');

const windows = new Map();
function vwap(symbol, price, volume) {
  let window = windows.get(symbol);
  if (window === undefined) {
    window = { prices: new Float64Array(size), volumes: new Float64Array(size), at: 0, paid: 0, traded: 0 };
    windows.set(symbol, window);
  }
  const { prices, volumes, at } = window;
  window.paid += price * volume - prices[at] * volumes[at];
  window.traded += volume - volumes[at];
  prices[at] = price;
  volumes[at] = volume;
  window.at = (at + 1) % size;
  return window.traded === 0 ? null : window.paid / window.traded;
}

const positions = [0, 0, 0, 0, 0, 0];
let stopped = false;
process.on('SIGTERM', () => {
  stopped = true;
});

while (!stopped) {
  let found = false;
  for (let partition = 0; partition < positions.length; partition++) {
    const records = read.all(partition, positions[partition], batch);
    if (records.length === 0) continue;
    found = true;
    let lines = '';
    for (const { value } of records)
      for (const { s, p, t, v } of JSON.parse(value).data) {
        if (!(p > 0 && v >= 0 && t > 0)) continue;
        lines += `${JSON.stringify({ time: new Date(t).toISOString(), symbol: s, price: p, vwap: vwap(s, p, v) })}\n`;
      }
    const bytes = Buffer.from(lines);
    for (const client of clients) client.write(bytes);
    positions[partition] = records[records.length - 1].offset + 1;
  }
  await new Promise((resolve) => (found ? setImmediate(resolve) : setTimeout(resolve, 5)));
}
for (const client of clients) client.destroy();
server.close();
log.close();
