import { type Document, MongoClient } from 'mongodb';
import { expect, it } from 'vitest';
import { Cluster } from '../support/cli/cluster.ts';
import { eventually } from '../support/cli/platform.ts';
import { LineReader } from '../support/cli/workspace.ts';
import { KafkaView } from '../support/kafka/view.ts';
import { onServices } from '../support/services/cluster.ts';
import { NumberedExchange } from '../support/sockets/numbered-exchange.ts';

const at = 1763645598585;
/** As pipeline.yml subscribes to them. */
const symbols = ['AAPL', 'GOOGL', 'TSLA', 'MSFT', 'NVDA', 'AMD'];

/** Two frames of several trades and symbols, with everything that Finnhub sends beside prices. */
const frames = [
  {
    type: 'trade',
    data: [
      { p: 196.38, s: 'AAPL', t: at, v: 265, c: ['1', '8'] },
      { p: 0.0000001, s: 'TSLA', t: at + 1, v: 0 },
      { p: 196.2, s: 'AAPL', t: at, v: 735.5, c: null },
    ],
  },
  { type: 'ping' },
  { type: 'trade', data: [{ p: 123456789.12, s: 'TSLA', t: at - 1000, v: 1e-8, c: ['12'] }] },
];

/** Documents as they lie there: no type of BSON turned into one of JavaScript. */
async function documents(mongo: MongoClient, database: string, collection: string): Promise<readonly Document[]> {
  return mongo.db(database).collection(collection).find({}, { promoteValues: false }).sort({ _id: 1 }).toArray();
}

/** The type that BSON gives a value: what other programs see. */
function typeOf(value: unknown): string {
  if (value instanceof Date) return 'Date';
  const bson = (value as { readonly _bsontype?: string } | null)?._bsontype;
  return bson ?? typeof value;
}

/** The first fields of a document, by name: further ones may follow. */
function typesOf(document: Document | undefined, names: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(names.map((name) => [name, typeOf(document?.[name])]));
}

onServices('the wire, with the whole platform on Kafka and MongoDB', (services) => {
  it('has the names and types that other programs read: log, documents, lines and replies', async () => {
    using cluster = new Cluster(services.kafka, services.mongo);
    const { topic, brokers, url, database } = cluster.address;
    await using view = await KafkaView.open(brokers);
    await using exchange = await NumberedExchange.open(symbols);
    const mongo = await new MongoClient(url).connect();
    const finnhub = { FDP_FEED: 'finnhub', FINNHUB_URL: exchange.url, FINNHUB_TOKEN: 'token' };
    const { process: processor } = await cluster.start(['--topology', 'processor']);
    const { process: analytics, workspace: feed } = await cluster.start(['--topology', 'analytics']);
    const { process: api, workspace: http } = await cluster.start(['--topology', 'api']);
    const { process: ingestor } = await cluster.start(['--topology', 'ingestor'], finnhub);
    const platform = [ingestor, processor, analytics, api];
    using reader = new LineReader(feed.tcpPort);
    try {
      await exchange.subscribed();
      await eventually('a client of the feed', async () => reader.isConnected);
      for (const process of [processor, analytics])
        await eventually('its partitions', async () => process.output.includes('assigned partitions'));
      for (const frame of frames) await exchange.send(JSON.stringify(frame));
      await eventually('four lines', async () => reader.lines.length >= 4);
      await eventually('four counted', async () => {
        const counts = await documents(mongo, database, 'symbols');
        return counts.reduce((sum, { tradeCount }) => sum + Number(tradeCount), 0) === 4;
      });

      const records = await view.records(topic);
      const log = records.map(({ key, value }) => ({ key, value: JSON.parse(String(value)) }));
      const [first, , last] = frames as [{ data: object[] }, unknown, { data: object[] }];
      expect(log).toHaveLength(3);
      expect(log).toEqual(
        expect.arrayContaining([
          { key: 'AAPL', value: { type: 'trade', data: [first.data[0], first.data[2]] } },
          { key: 'TSLA', value: { type: 'trade', data: [first.data[1]] } },
          { key: 'TSLA', value: { type: 'trade', data: last.data } },
        ]),
      );

      const trades = await documents(mongo, database, 'finnhub_trades');
      const names = ['_id', 'message_key', 'symbol', 'price', 'time', 'volume'];
      const ofTrade = { _id: 'ObjectId', message_key: 'string', symbol: 'string' };
      for (const trade of trades) {
        expect(typesOf(trade, names)).toEqual({ ...ofTrade, price: 'Decimal128', time: 'Date', volume: 'Decimal128' });
        const further = Object.keys(trade).filter((name) => !names.includes(name) && !name.startsWith('_'));
        expect(further).toEqual(['conditions', 'received']);
        expect(typeOf(trade['received'])).toBe('Date');
      }
      const messageKey = (symbol: string, nth: number) => {
        const { partition, offset } = records.filter(({ key }) => key === symbol)[nth] ?? {};
        return `${topic}-${partition}-${offset}--${symbol}`;
      };
      const shown = trades.map(({ message_key, symbol, price, time, volume }) => [
        ...[message_key, symbol, Number(String(price)), time.getTime(), Number(String(volume))],
      ]);
      expect(shown.sort()).toEqual(
        [
          [`${messageKey('AAPL', 0)}-${at}-0`, 'AAPL', 196.38, at, 265],
          [`${messageKey('AAPL', 0)}-${at}-1`, 'AAPL', 196.2, at, 735.5],
          [`${messageKey('TSLA', 0)}-${at + 1}-0`, 'TSLA', 0.0000001, at + 1, 0],
          [`${messageKey('TSLA', 1)}-${at - 1000}-0`, 'TSLA', 123456789.12, at - 1000, 1e-8],
        ].sort(),
      );
      expect(trades.map(({ price }) => String(price))).toContain('196.38');

      const counters = await documents(mongo, database, 'symbols');
      for (const counter of counters)
        expect(typesOf(counter, ['_id', 'symbol', 'tradeCount', 'lastTradeAt'])).toEqual({
          ...{ _id: 'ObjectId', symbol: 'string', tradeCount: 'Long', lastTradeAt: 'Date' },
        });
      const counts = counters.map(({ symbol, tradeCount, lastTradeAt }) => [symbol, String(tradeCount), lastTradeAt]);
      expect(counts.sort()).toEqual([
        ['AAPL', '2', new Date(at)],
        ['TSLA', '2', new Date(at + 1)],
      ]);

      expect([...reader.lines].sort()).toEqual([
        '{"time":"2025-11-20T13:33:17.585Z","symbol":"TSLA","price":123456789.12,"vwap":123456789.12}',
        '{"time":"2025-11-20T13:33:18.585Z","symbol":"AAPL","price":196.2,"vwap":196.24767616191903}',
        '{"time":"2025-11-20T13:33:18.585Z","symbol":"AAPL","price":196.38,"vwap":196.38}',
        '{"time":"2025-11-20T13:33:18.586Z","symbol":"TSLA","price":1e-7,"vwap":null}',
      ]);
      const ofAapl = reader.lines.filter((line) => line.includes('AAPL'));
      expect(ofAapl[0]).toContain('196.38');

      const text = async (path: string) => (await fetch(`${http.api}${path}`)).text();
      expect(JSON.parse(await text('/api/v1/symbols'))).toMatchObject({
        error: null,
        data: {
          available: [
            { symbol: 'AAPL', trade_count: 2, last_trade_at: '2025-11-20T13:33:18.585Z' },
            { symbol: 'TSLA', trade_count: 2, last_trade_at: '2025-11-20T13:33:18.586Z' },
          ],
        },
      });
      expect(JSON.parse(await text('/api/v1/trades/TSLA'))).toMatchObject({
        error: null,
        data: {
          data: [
            { timestamp: '2025-11-20T13:33:18.586Z', price: '0.0000001', volume: '0' },
            { timestamp: '2025-11-20T13:33:17.585Z', price: '123456789.12', volume: '0.00000001' },
          ],
          pagination: { next_cursor: null, next: null },
        },
      });
      for (const process of platform) expect(await process.stop('SIGTERM'), process.output).toBe(0);
    } finally {
      await mongo.close();
      for (const process of platform) await process.stop('SIGKILL');
    }
  });
});
