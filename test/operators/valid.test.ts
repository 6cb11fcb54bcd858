import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { toBson } from '../../connectors/mongodb/values.ts';
import { readTable, type TableOptions } from '../../connectors/shared/table/definition.ts';
import { storableRow } from '../../connectors/shared/table/values.ts';
import { compileExpression } from '../../operators/support/expression.ts';

interface Pipeline {
  readonly connectors: { readonly trades: TableOptions };
  readonly topologies: { readonly processor: { readonly operators: readonly { readonly require?: string }[] } };
}

const { connectors, topologies } = parse(readFileSync('pipeline.yml', 'utf8')) as Pipeline;
const rule = topologies.processor.operators.find((step) => step.require !== undefined)?.require ?? '';
const expression = compileExpression(rule);
const received = Date.UTC(2026, 3, 20);
const day = 86_400_000;
const good = { symbol: 'AAPL', price: 196.38, volume: 265, time: received, received };

function isValid(more: object): boolean {
  try {
    return expression.evaluate({ ...good, ...more }) === true;
  } catch {
    return false;
  }
}

describe('the rule of pipeline.yml for a trade', () => {
  it.each([
    ...[
      'M&M.NS',
      'L&TFH.NS',
      '^GSPC',
      'BRK.B',
      'BF-B',
      'BINANCE:BTCUSDT',
      'OANDA:EUR_USD',
      'ES=F',
      '0700.HK',
      '005930.KS',
    ],
    ...[
      'IC MARKETS:1',
      'TEST+A',
      "O'K",
      '#1',
      '!X',
      '$SPX',
      '*Y',
      '@ES',
      'A,B',
      'BRK/A',
      '~x',
      'BINANCE:币安人生USDT',
      'ÅLB.HE',
    ],
  ])('takes the symbol %s', (symbol) => expect(isValid({ symbol })).toBe(true));

  it.each(['', 'A\nB', 'A\0B', '\u001b[2J', 'A\u009bB', 'A\u202eB', 'A\u200bB', '\ud800', 'A'.repeat(41), 5, null])(
    'takes no symbol %j',
    (symbol) => expect(isValid({ symbol })).toBe(false),
  );

  it('takes what has really been traded: negative and tiny prices, fractions and billions', () => {
    for (const price of [-37.63, 0, 1e-12, 0.000_012_34, 700_000.5, 1e9])
      expect([price, isValid({ price })]).toEqual([price, true]);
    for (const volume of [0, 1e-8, 265, 12_345_678_901_234]) expect(isValid({ volume })).toBe(true);
    for (const price of ['1.5', null, Number.NaN, 1e15, -1e15, true]) expect(isValid({ price })).toBe(false);
    for (const volume of ['1', null, -1, 2 ** 53 + 2]) expect(isValid({ volume })).toBe(false);
  });

  it('takes times from ten years before the trade was received to a day after it, in whole ms', () => {
    for (const time of [received - 3652 * day, received - 900_000, received + 7_200_000, received + day - 1])
      expect(isValid({ time })).toBe(true);
    const implausible = [received / 1000, received * 1000, received * 1e6, Date.UTC(2099, 0), received + day, 0, -1];
    for (const time of [...implausible, received + 0.5, '2026-04-20T00:00:00Z', null])
      expect(isValid({ time })).toBe(false);
  });

  it('lets nothing pass that a store would refuse: stores and VWAP agree on every trade', () => {
    const definition = readTable('trades', connectors.trades);
    const number = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(0, -0, 5e-324, 1e15, 999_999_999_999_999.9));
    const trade = fc.record({
      symbol: fc.oneof(fc.string({ unit: 'binary' }), fc.constant('AAPL')),
      price: fc.oneof(number, fc.anything()),
      volume: number,
      time: fc.oneof(number, fc.double({ min: received - day, max: received + day })),
      conditions: fc.anything(),
    });
    fc.assert(
      fc.property(trade, (fields) => {
        if (!isValid(fields)) return;
        const row = storableRow(definition, { message_key: 'k', ...good, ...fields });
        for (const [field, value] of Object.entries(row)) toBson(definition, field, value);
      }),
      { numRuns: 5000 },
    );
  });
});
