// Trades from the SQLite log into the SQLite tables by hand: for each batch one transaction with its metadata, one with its position.
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';

const batch = 500;
const folder = process.env.FOLDER;
const [log, store] = ['log.db', 'store.db'].map((name) => {
  const db = new DatabaseSync(join(folder, name), { timeout: 1000 });
  db.exec('PRAGMA journal_mode = WAL');
  db.exec('PRAGMA synchronous = FULL');
  return db;
});
store.exec(`
  CREATE TABLE finnhub_trades (_id INTEGER PRIMARY KEY AUTOINCREMENT, message_key TEXT, symbol TEXT, price TEXT, time INTEGER, volume TEXT);
  CREATE UNIQUE INDEX by_key ON finnhub_trades (message_key);
  CREATE INDEX by_symbol ON finnhub_trades (symbol, time DESC, _id DESC);
  CREATE TABLE symbols (_id INTEGER PRIMARY KEY AUTOINCREMENT, symbol TEXT, tradeCount INTEGER, lastTradeAt INTEGER);
  CREATE UNIQUE INDEX by_name ON symbols (symbol);`);
const read = log.prepare(
  'SELECT offset, value FROM fdp_records WHERE topic = 1 AND partition = ? AND offset >= ? ORDER BY offset LIMIT ?',
);
const move = log.prepare('INSERT OR REPLACE INTO fdp_positions (topic, name, partition, position) VALUES (1, ?, ?, ?)');
const insert = store.prepare(
  'INSERT INTO finnhub_trades (message_key, symbol, price, time, volume) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
);
const count = store.prepare(
  'INSERT INTO symbols (symbol, tradeCount, lastTradeAt) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET tradeCount = tradeCount + excluded.tradeCount, lastTradeAt = max(lastTradeAt, excluded.lastTradeAt)',
);

const topic = 'raw_stock_ticks';
const positions = [0, 0, 0, 0, 0, 0];
let stopped = false;
process.on('SIGTERM', () => {
  stopped = true;
});

function work(partition) {
  const records = read.all(partition, positions[partition], batch);
  if (records.length === 0) return false;
  const metadata = new Map();
  store.exec('BEGIN IMMEDIATE');
  for (const { offset, value } of records) {
    const { data } = JSON.parse(value);
    for (let index = 0; index < data.length; index++) {
      const { s, p, t, v } = data[index];
      if (!(p > 0 && v >= 0 && t > 0)) continue;
      const key = `${topic}-${partition}-${offset}--${s}-${t}-${index}`;
      insert.run(key, s, String(p), t, String(v));
      const found = metadata.get(s);
      if (found === undefined) metadata.set(s, { count: 1, latest: t });
      else {
        found.count++;
        if (t > found.latest) found.latest = t;
      }
    }
  }
  const next = records[records.length - 1].offset + 1;
  for (const [symbol, { count: more, latest }] of metadata) count.run(symbol, more, latest);
  store.exec('COMMIT');
  move.run('processor', partition, next);
  positions[partition] = next;
  return true;
}

while (!stopped) {
  let found = false;
  for (let partition = 0; partition < positions.length; partition++) found = work(partition) || found;
  await new Promise((resolve) => (found ? setImmediate(resolve) : setTimeout(resolve, 5)));
}
log.close();
store.close();
