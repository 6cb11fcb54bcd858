import { describe, expect, it } from 'vitest';
import { barsUrl, candleRoute, intervalMs } from '../../../page/model/candle-route.ts';
import { readApi } from '../../../page/model/openapi.ts';
import { matching } from '../../../page/model/search.ts';

function api(interval: object, limit: object = { type: 'integer', maximum: 500 }, path = '/api/v1/candles/{symbol}') {
  const parameters = [
    { name: 'symbol', in: 'path', schema: { type: 'string' } },
    { name: 'interval', in: 'query', schema: { type: 'string', ...interval } },
    { name: 'limit', in: 'query', schema: limit },
  ];
  return readApi({ paths: { [path]: { get: { parameters, responses: {} } } } });
}

describe('the route of the bars', () => {
  it('is found in the document of the API, with its intervals in order and its limit', () => {
    const route = candleRoute(api({ enum: ['1d', '1m', 'all', '5m'] }));
    expect(route).toMatchObject({ intervals: ['1m', '5m', '1d'], most: 500 });
    expect(route && barsUrl(route, 'BRK/A', '5m', 3)).toBe('/api/v1/candles/BRK%2FA?interval=5m&limit=3');
    expect(candleRoute(api({ enum: ['1m'] }, { type: 'integer' }))?.most).toBe(1000);
    expect(candleRoute(api({ default: '15m' }))?.intervals).toEqual(['15m']);
  });

  it('is missing in a pipeline without it, or without intervals', () => {
    expect(candleRoute(readApi({}))).toBeUndefined();
    expect(candleRoute(api({}))).toBeUndefined();
    expect(candleRoute(api({ enum: ['1m'] }, {}, '/api/v1/bars/{symbol}'))).toBeUndefined();
  });
});

describe('the search for symbols', () => {
  const names = ['AAPL', 'BINANCE:BTCUSDT', 'BINANCE:ETHBTC', 'MSFT', 'OANDA:EUR_USD'];
  const found = (text: string) =>
    matching(
      names.map((symbol) => ({ symbol })),
      text,
    ).map(({ symbol }) => symbol);

  it('finds parts of names, in any case; names that begin with the text come first', () => {
    expect(found('btc')).toEqual(['BINANCE:BTCUSDT', 'BINANCE:ETHBTC']);
    expect(found('eth')).toEqual(['BINANCE:ETHBTC']);
    expect(found('t')).toEqual(['BINANCE:BTCUSDT', 'BINANCE:ETHBTC', 'MSFT']);
    expect(found('usd oanda')).toEqual(['OANDA:EUR_USD']);
    expect(found('us')).toEqual(['OANDA:EUR_USD', 'BINANCE:BTCUSDT']);
    expect(found('zzz')).toEqual([]);
    expect(found('  ')).toEqual(names);
  });
});

describe('lengths of bars', () => {
  it('are read from their names', () => {
    expect(['1s', '5m', '1h', '1d', 'm', ''].map(intervalMs)).toEqual([
      1000,
      300_000,
      3_600_000,
      86_400_000,
      undefined,
      undefined,
    ]);
  });
});
