import { FdpError } from '../src/errors.ts';
import { defineOperator } from '../src/kit/declaration.ts';
import { derive } from '../src/kit/message.ts';
import { flatMap } from '../src/kit/operator.ts';
import { type Amount, type Fields, fieldsOf, type MergeOperation } from '../src/kit/row.ts';
import { durationMs } from '../src/kit/units.ts';
import type { SessionKind } from './support/calendar.ts';
import { readCalendar } from './support/calendar-file.ts';
import { checkData } from './support/data-file.ts';
import { decimalProduct } from './support/decimal-product.ts';
import { amountField, fieldOf, numberField, textField } from './support/fields.ts';
import { barOf, checkLengths, type Interval, storedOf } from './support/interval.ts';
import { checkField } from './support/names.ts';

const sessions: Readonly<Record<string, readonly SessionKind[]>> = {
  regular: ['regular'],
  extended: ['pre', 'regular', 'post'],
  all: ['pre', 'regular', 'post', 'closed'],
};

/**
 * `candles`: for each trade the change that it makes to the row of its bar. The row is the state: a trade that comes late,
 * twice or in another order changes its bar, or nothing, and no timer ends one. Rows have `key`, `symbol`, `interval`, `start`;
 * `open`, `high`, `low`, `close`; `volume`, `turnover` (Σ price × volume) and `counted_volume` (Σ volume) of the trades that
 * count for both range and volume; `trades`, `late_trades`, `first_at`, `last_at`.
 */
export const candles = defineOperator({
  type: 'candles',
  summary: 'Turns each trade into a change of the row of its bar: open, high, low, close, volume, turnover.',
  output: 'merges',
  stateless: true,
  options: {
    type: 'object',
    description: 'The bars, and the fields that they are made from.',
    additionalProperties: false,
    required: ['every'],
    properties: {
      every: {
        type: 'array',
        minItems: 1,
        uniqueItems: true,
        items: { type: 'string', format: 'duration' },
        description:
          "Lengths of the bars: whole seconds that divide a day. They are counted from the start of the calendar's day.",
        examples: [['1m', '5m', '1h', '1d']],
      },
      store: {
        type: 'array',
        minItems: 1,
        uniqueItems: true,
        items: { type: 'string', format: 'duration' },
        description:
          'Which of them have rows. Default: the shortest, so that a trade changes one row; longer bars can be made of shorter ones.',
      },
      by: { type: 'string', minLength: 1, default: 'symbol', description: 'The text field that names the symbol.' },
      price: { type: 'string', minLength: 1, default: 'price', description: 'Number field that holds the price.' },
      volume: {
        type: 'string',
        minLength: 1,
        default: 'volume',
        description: 'The number field that holds the volume, 0 or more.',
      },
      time: {
        type: 'string',
        minLength: 1,
        default: 'time',
        description: 'The number field that holds the time of the trade, Unix ms: it decides on the bar.',
      },
      received: {
        type: 'string',
        minLength: 1,
        default: 'received',
        description: 'The number field that holds when the trade was received, Unix ms. Without it no trade is late.',
      },
      calendar: {
        type: 'string',
        format: 'name-or-path',
        default: 'always',
        description:
          'The calendar that says when a day begins and a session is: the name of a shipped one, or the path of a file. A trade outside of its years is rejected.',
        examples: ['XNYS'],
      },
      session: {
        enum: ['regular', 'extended', 'all'],
        default: 'all',
        description:
          "Which trades make bars: those of the calendar's regular session, those of the trading before and after it, too, or all.",
      },
      close_after: {
        type: 'string',
        format: 'duration',
        default: '2s',
        description:
          'A trade that is received longer after the end of its bar than this is counted as late: it corrects the bar.',
      },
      lateness: {
        type: 'string',
        format: 'duration',
        description:
          'A trade that is received longer after the end of its shortest stored bar than this is rejected. Default: every trade corrects its bar.',
      },
    },
  },
  example: 'candles: { every: [1m, 5m, 1h, 1d], calendar: XNYS, session: regular }',
  shape(options, input, report) {
    const { by, price, volume, time, received, calendar, lateness } = options;
    const amounts = ['number', 'int64', 'decimal'] as const;
    checkField({ input, report, path: ['by'] }, by, ['string']);
    checkField({ input, report, path: ['price'] }, price, amounts);
    checkField({ input, report, path: ['volume'] }, volume, amounts);
    checkField({ input, report, path: ['time'] }, time, ['number', 'date', 'int64']);
    if (lateness !== undefined || (input && Object.hasOwn(input, received)))
      checkField({ input, report, path: ['received'] }, received, ['number', 'date', 'int64']);
    checkData(report, ['calendar'], () => readCalendar(calendar));
    checkLengths(options, report);
    return { merge: 'any' };
  },
  merges: () => ({
    unique: 'key',
    fields: {
      ...{ symbol: 'set_on_insert', interval: 'set_on_insert', start: 'set_on_insert' },
      ...{ trades: 'count', late_trades: 'count', volume: 'sum', turnover: 'sum', counted_volume: 'sum' },
      ...{ open: 'first', high: 'highest', low: 'lowest', close: 'last', first_at: 'lowest', last_at: 'highest' },
    },
  }),
  create(options, context) {
    const { by, price, volume, time, received } = options;
    const calendar = readCalendar(options.calendar);
    const kinds = sessions[options.session] ?? [];
    const stored = storedOf(options);
    const closeMs = durationMs(options.close_after);
    const latenessMs = options.lateness === undefined ? Number.POSITIVE_INFINITY : durationMs(options.lateness);
    const rows = stored.map((interval) => new RowNames(interval));
    return flatMap(context, (message) => {
      const fields = fieldsOf(message);
      const trade: Trade = {
        symbol: textField(fields, by),
        time: numberField(fields, time),
        price: amountField(fields, price),
        volume: volumeOf(fields, volume),
        counts: countsOf(fields),
      };
      const { kind, day } = calendar.session(trade.time);
      const { range, last, volume: counts } = trade.counts;
      if (!kinds.includes(kind) || !(range || last || counts)) return [];
      const at = fieldOf(fields, received) === undefined ? Number.NEGATIVE_INFINITY : numberField(fields, received);
      return rows.map((names, index) => {
        const { start, end } = barOf(trade.time, names.interval, day);
        if (index === 0 && at - end > latenessMs)
          throw new FdpError(
            'FDP_MESSAGE_INVALID',
            `${time}: received ${at - end} ms after its bar's end, lateness is ${latenessMs} ms`,
          );
        return derive(message, { value: changeOf(trade, names.of(trade.symbol, start), at > end + closeMs) });
      });
    });
  },
});

interface Trade {
  readonly symbol: string;
  readonly time: number;
  readonly price: Amount;
  readonly volume: Amount;
  readonly counts: { readonly last: boolean; readonly range: boolean; readonly volume: boolean };
}

/** What names a row, and follows from its name. */
interface RowName {
  readonly by: { readonly key: string };
  readonly set_on_insert: { readonly symbol: string; readonly interval: string; readonly start: number };
}

/** Symbols whose rows are remembered. */
const mostNames = 16_384;

/** The names of rows of one length. Most trades of a symbol lie in the same bar as the one before. */
class RowNames {
  readonly interval: Interval;
  readonly #last = new Map<string, RowName>();

  constructor(interval: Interval) {
    this.interval = interval;
  }

  of(symbol: string, start: number): RowName {
    const last = this.#last.get(symbol);
    if (last?.set_on_insert.start === start) return last;
    const { name } = this.interval;
    const by = { key: `${symbol.replaceAll(/[\\|]/g, '\\$&')}|${name}|${start}` };
    const made: RowName = { by, set_on_insert: { symbol, interval: name, start } };
    if (this.#last.size >= mostNames) this.#last.clear();
    this.#last.set(symbol, made);
    return made;
  }
}

// Shared by all trades that count the same.
const inTime = { trades: 1, late_trades: 0 };
const late = { trades: 1, late_trades: 1 };
const lateOnly = { trades: 0, late_trades: 1 };
const nothing = { trades: 0, late_trades: 0 };
const none = {};

/** What the trade does to the row of its bar. Amounts of 0 stand for what it does not count for: the row then has the field. */
function changeOf(
  { time, price, volume, counts }: Trade,
  { by, set_on_insert }: RowName,
  isLate: boolean,
): MergeOperation {
  const isWeighed = counts.range && counts.volume;
  const dated = { value: price, at: time };
  return {
    merge: {
      by,
      set_on_insert,
      count: isLate ? (counts.volume ? late : lateOnly) : counts.volume ? inTime : nothing,
      sum: {
        volume: counts.volume ? volume : 0,
        turnover: isWeighed ? decimalProduct(price, volume) : 0,
        counted_volume: isWeighed ? volume : 0,
      },
      highest: counts.range ? { high: price, last_at: time } : { last_at: time },
      lowest: counts.range ? { low: price, first_at: time } : { first_at: time },
      first: counts.last ? { open: dated } : none,
      last: counts.last ? { close: dated } : none,
    },
  };
}

/** As `eligibility` has found it; a trade that nobody judged counts for everything. */
function countsOf({ counts_price, counts_range, counts_volume }: Fields): Trade['counts'] {
  return { last: counts_price !== false, range: counts_range !== false, volume: counts_volume !== false };
}

function volumeOf(fields: Fields, name: string): Amount {
  const value = amountField(fields, name);
  if (Number(value) < 0) throw new FdpError('FDP_MESSAGE_INVALID', `${name}: expected 0 or more, got ${value}`);
  return value;
}
