// The two routes by hand: express and the driver, with the same queries and the same replies.
import express from 'express';
import { MongoClient } from 'mongodb';

const { MONGODB_URL, DATABASE, PORT } = process.env;
const client = await new MongoClient(MONGODB_URL).connect();
const trades = client.db(DATABASE).collection('finnhub_trades');
const symbols = client.db(DATABASE).collection('symbols');
const app = express();

app.get('/api/v1/symbols', async (_request, response) => {
  const rows = await symbols.find().sort({ symbol: 1 }).toArray();
  const available = rows.map(({ symbol, tradeCount, lastTradeAt }) => ({
    symbol,
    trade_count: tradeCount,
    last_trade_at: lastTradeAt.toISOString(),
  }));
  response.json({ data: { available }, error: null, message: 'ok' });
});

app.get('/api/v1/trades/:symbol', async (request, response) => {
  const limit = Number(request.query.limit ?? 15);
  const where = { symbol: request.params.symbol };
  if (request.query.before) where.time = { $lt: new Date(Number(request.query.before)) };
  const rows = await trades
    .find(where)
    .sort({ time: -1, _id: -1 })
    .limit(limit + 1)
    .toArray();
  const shown = rows.slice(0, limit);
  const last = rows.length > limit ? shown[shown.length - 1] : undefined;
  const data = shown.map(({ time, price, volume }) => ({
    timestamp: time.toISOString(),
    price: price.toString(),
    volume: volume.toString(),
  }));
  const next = last ? `${request.path}?limit=${limit}&before=${last.time.getTime()}_${last._id}` : null;
  const pagination = { next_cursor: last ? last.time.getTime() : null, next };
  response.json({ data: { data, pagination }, error: null, message: 'ok' });
});

const server = app.listen(Number(PORT), '127.0.0.1');
process.on('SIGTERM', async () => {
  server.closeAllConnections();
  server.close();
  await client.close();
});
