import type { Query } from '../../src/kit/lookup.ts';
import type { RequestContext } from '../../src/kit/request.ts';
import { operatorContract } from '../support/contracts/operator-contract.ts';

const request = (): RequestContext => ({
  path: '/trades',
  query: '',
  respond: () => {},
  fail: () => {},
  stop: () => {},
});
const of = (...values: readonly unknown[]) => values.map((value) => ({ key: null, value }));
const keyed = (...keys: readonly (string | null)[]) => keys.map((key, number) => ({ key, value: { number } }));
const tick = (symbol: unknown, price: unknown, volume: unknown = 1) => ({
  symbol,
  price,
  volume,
  time: 1_763_645_598_585,
});
const ticks = of(
  tick('A', 1),
  tick('B', 5),
  tick('A', -2),
  tick('A', 3, 0),
  tick('B', 'x'),
  tick(7, 1),
  null,
  tick('A', 4),
);
const trades = [
  { s: 'A', p: 1 },
  { s: 'B', p: 2 },
  { s: 'A', p: 3 },
];
const frames = of({ data: trades }, { data: [] }, { data: 'none' }, 5, { data: trades.slice(1) });

operatorContract('aggregate', {
  yaml: '{ key: [symbol], fields: { trades: count, total: { sum: volume }, high: { highest: price } } }',
  messages: ticks,
  rejected: [4, 5, 6],
});
operatorContract('bars', {
  yaml: '{ in: candles, every: [1m] }',
  messages: of({ symbol: 'A', interval: '1m', limit: 5 }),
  request,
  lookups: {
    candles: {
      find: async ({ where: { symbol, interval } }: Query) => [
        { symbol, interval, start: 120_000, close: '2', trades: 1, late_trades: 0 },
        { symbol, interval, start: 60_000, close: '1', trades: 1, late_trades: 0 },
      ],
    },
  },
});
operatorContract('candles', {
  yaml: '{ every: [1m, 1h], store: [1m, 1h] }',
  messages: ticks,
  rejected: [4, 5, 6],
});
operatorContract('dedupe', {
  yaml: '{ key: "{key}" }',
  messages: keyed('a', 'b', 'a', null, 'c', 'b', 'a'),
  rejected: [3],
});
operatorContract('eligibility', {
  yaml: '{ rules: us-equities }',
  messages: of({ conditions: ['@', 'I'] }, {}, { conditions: 'T' }, { conditions: ['1001'] }),
  rejected: [2],
});
operatorContract('explode', {
  yaml: '{ field: data, as: { symbol: s, price: p } }',
  messages: frames,
  rejected: [2, 3],
});
operatorContract('filter', { yaml: "'price > 0.0'", messages: ticks.slice(0, 5), rejected: [4] });
operatorContract('find', {
  yaml: '{ in: trades, where: { symbol: "{symbol}" } }',
  messages: of({ symbol: 'A' }),
  request,
  lookups: {
    trades: { find: async ({ where }: Query) => ['1', '2'].map((_id) => ({ _id, symbol: where['symbol'] as string })) },
  },
});
operatorContract('gaps', {
  yaml: '{ calendar: XNYS }',
  messages: of(
    { type: 'gap', data: [], gap: { from: 1_763_645_598_585, reason: 'cut', feed: 'finnhub' } },
    { type: 'gap', data: [], gap: { from: 1_763_645_598_585, to: 1_763_645_698_585, reason: 'cut', feed: 'finnhub' } },
    { type: 'trade', data: [{ s: 'A' }] },
    { type: 'gap', data: [], gap: { from: 'yesterday', feed: 'finnhub' } },
    { type: 'gap', data: [], gap: { from: 5, to: 4, feed: 'finnhub' } },
  ).map((message) => ({ ...message, key: 'A' })),
  rejected: [3, 4],
});
operatorContract('idempotency_key', {
  yaml: '{ as: key, from: "{offset}-{symbol}" }',
  messages: of({ symbol: 'A' }, {}, { symbol: 'B' }),
  rejected: [1],
});
operatorContract('map', { yaml: "{ twice: 'price * 2.0' }", messages: ticks.slice(0, 5), rejected: [4] });
operatorContract('metadata_upsert', {
  yaml: '{ by: symbol, count: tradeCount, latest: { lastTradeAt: time } }',
  messages: ticks,
  rejected: [5, 6],
});
operatorContract('params', {
  yaml: '{ limit: { type: integer, default: 15 } }',
  messages: of({ limit: '50' }),
  request,
});
operatorContract('reply', { yaml: '{ as: data }', messages: of({ row: 1 }, { row: 2 }), request });
operatorContract('require', { yaml: "'price > 0.0'", messages: ticks.slice(0, 5), rejected: [2, 4] });
operatorContract('rolling', {
  yaml: '{ window: 5s, by: symbol, fields: { average: mean, low: min, smooth: ema } }',
  messages: ticks.filter((_, index) => index !== 2),
  rejected: [3, 4, 5],
});
operatorContract('split', { yaml: '{ field: data, by: s }', messages: frames, rejected: [2, 3] });
operatorContract('vwap', {
  yaml: '{ window: 2, by: symbol }',
  messages: ticks.filter((_, index) => index !== 2),
  rejected: [3, 4, 5],
});
