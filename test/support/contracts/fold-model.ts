import fc from 'fast-check';
import { type Message, toMessage } from '../../../src/kit/message.ts';

/** A table whose rows have every kind of fold. */
export const barTable = {
  fields: {
    symbol: 'string',
    market: 'string',
    trades: 'int64',
    size: 'int64',
    volume: 'decimal',
    turnover: 'double',
    high: 'decimal',
    low: 'double',
    open: 'decimal',
    close: 'string',
    firstAt: 'date',
    lastAt: 'date',
  },
  unique: 'symbol',
  indexes: [['lastAt']],
};

/** A trade and its position in a log. */
export interface Trade {
  readonly symbol: string;
  readonly lane: string;
  readonly offset: number;
  readonly index: number;
  readonly time: number;
  readonly size: number;
  /** A decimal of up to 13 digits. */
  readonly price: string;
  readonly turnover: number;
}

/** Few symbols, lanes and times, so that many trades fold into one row and many values are equal. */
export const someTrades = fc
  .array(
    fc.record({
      symbol: fc.constantFrom('A', 'B', 'C'),
      lane: fc.constantFrom('a/t/0', 'a/t/1'),
      twin: fc.boolean(),
      time: fc.integer({ min: 0, max: 6 }),
      size: fc.oneof(fc.constant(0), fc.integer({ min: -(2 ** 40), max: 2 ** 40 })),
      price: fc.tuple(fc.integer({ min: -(10 ** 12), max: 10 ** 12 }), fc.nat(12)).map(pricePoint),
      turnover: fc.double({ min: -1e6, max: 1e6, noNaN: true }).map((value) => (Math.abs(value) < 1e-6 ? 0 : value)),
    }),
    { minLength: 1, maxLength: 40 },
  )
  .map(inLogs);

/** The change that a trade makes to the row of its symbol. */
export function barMessage({ symbol, lane, offset, index, time, size, price, turnover }: Trade): Message {
  const merge = {
    by: { symbol },
    count: { trades: 1 },
    sum: { size, volume: price, turnover },
    highest: { high: price, lastAt: time },
    lowest: { low: turnover, firstAt: time },
    first: { open: { value: price, at: time } },
    last: { close: { value: `${lane} ${offset} ${index}`, at: time } },
    set_on_insert: { market: `market of ${symbol}` },
  };
  const record = { key: symbol, value: { merge }, timestamp: 5000 + offset, meta: { lane, offset, index } };
  return toMessage(record, undefined);
}

/** The rows made by trades, computed without folds. */
export function barsOf(trades: readonly Trade[]): readonly object[] {
  const symbols = [...new Set(trades.map(({ symbol }) => symbol))].sort();
  return symbols.map((symbol) => {
    const own = trades.filter((trade) => trade.symbol === symbol);
    const byTime = [...own].sort(
      (a, b) =>
        a.time - b.time || (a.lane < b.lane ? -1 : a.lane > b.lane ? 1 : a.offset - b.offset || a.index - b.index),
    );
    const last = byTime.at(-1);
    const times = own.map(({ time }) => time);
    return {
      symbol,
      market: `market of ${symbol}`,
      trades: own.length,
      size: Number(own.reduce((sum, { size }) => sum + BigInt(size), 0n)),
      volume: written(own.reduce((sum, { price }) => sum + scaled(price), 0n)),
      turnover: Number(written(own.reduce((sum, { turnover }) => sum + scaled(String(turnover)), 0n))),
      high: written(own.map(({ price }) => scaled(price)).reduce((a, b) => (a > b ? a : b))),
      low: Math.min(...own.map(({ turnover }) => turnover)) + 0,
      open: written(scaled(byTime[0]?.price ?? '0')),
      close: `${last?.lane} ${last?.offset} ${last?.index}`,
      firstAt: Math.min(...times),
      lastAt: Math.max(...times),
    };
  });
}

function pricePoint([units, decimals]: readonly [number, number]): string {
  const digits = String(Math.abs(units)).padStart(decimals + 1, '0');
  const point = digits.length - decimals;
  return `${units < 0 ? '-' : ''}${digits.slice(0, point)}${decimals > 0 ? `.${digits.slice(point)}` : ''}`;
}

/** Number of decimals in the model: more than any value has. */
const scale = 30;

/** The text of a number, times 10^30. */
function scaled(text: string): bigint {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d*))?(?:e([+-]?\d+))?$/.exec(text) ?? [];
  const units = BigInt(whole + fraction) * 10n ** BigInt(scale + Number(exponent) - fraction.length);
  return sign === '-' ? -units : units;
}

/** The shortest text of a scaled number. */
function written(units: bigint): string {
  const digits = String(units < 0n ? -units : units).padStart(scale + 1, '0');
  const text = `${digits.slice(0, -scale)}.${digits.slice(-scale)}`.replace(/\.?0+$/, '');
  return units < 0n ? `-${text}` : text;
}

/** Gives each trade a position in its lane's log; a twin shares the record of the trade before it. */
function inLogs(given: readonly (Omit<Trade, 'offset' | 'index'> & { readonly twin: boolean })[]): Trade[] {
  const ends = new Map<string, { offset: number; index: number }>();
  return given.map(({ twin, ...trade }) => {
    const end = ends.get(trade.lane) ?? { offset: -1, index: 0 };
    const isTwin = twin && end.offset >= 0;
    const at = isTwin ? { offset: end.offset, index: end.index + 1 } : { offset: end.offset + 1, index: 0 };
    ends.set(trade.lane, at);
    return { ...trade, ...at };
  });
}
