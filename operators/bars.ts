import { defineOperator, type FieldType, type Report, type Shape, type SpecScope } from '../src/kit/declaration.ts';
import { type Lookup, leadsTo } from '../src/kit/lookup.ts';
import { derive, type Message } from '../src/kit/message.ts';
import { lookup, type OperatorContext } from '../src/kit/operator.ts';
import { indexed } from '../src/kit/origin.ts';
import { portions } from '../src/kit/portions.ts';
import { type Fields, fieldsOf } from '../src/kit/row.ts';
import { durationMs } from '../src/kit/units.ts';
import { readBars } from './support/bar-reader.ts';
import type { BarRange, BarSource, FoldedBar } from './support/bar-rows.ts';
import { BarStream } from './support/bar-stream.ts';
import { readCalendar } from './support/calendar-file.ts';
import { checkData } from './support/data-file.ts';
import { fieldOf, numberField, textField } from './support/fields.ts';
import { type Away, readGaps } from './support/gap-reader.ts';
import { checkLengths, type Interval, intervalOf, storedOf } from './support/interval.ts';
import { lookedUp } from './support/looked-up.ts';
import { checkField, routeShape, unknownName } from './support/names.ts';
import { parameterInvalid } from './support/parameters.ts';

const amounts: readonly FieldType[] = ['decimal', 'number', 'any'];
/** What the table has for each field that is read, as `candles` writes it. */
const columns: Readonly<Record<string, readonly FieldType[]>> = {
  ...{ symbol: ['string', 'any'], interval: ['string', 'any'], start: ['date', 'any'] },
  ...{ open: amounts, high: amounts, low: amounts, close: amounts },
  ...{ volume: amounts, turnover: amounts, counted_volume: amounts },
  ...{ trades: ['int64', 'any'], late_trades: ['int64', 'any'] },
};
/** The same of the table of gaps. */
const gapColumns: typeof columns = {
  ...{ symbol: ['string', 'any'], from: ['date', 'any'], to: ['date', 'any'], state: ['string', 'any'] },
};

const output = {
  ...{ start: 'date', end: 'date', interval: 'string' },
  ...{ open: 'decimal', high: 'decimal', low: 'decimal', close: 'decimal', volume: 'decimal', vwap: 'decimal' },
  ...{ trades: 'int64', late_trades: 'int64' },
} as const satisfies Shape;

/**
 * `bars`: reads what `candles` has written. The message names `symbol`, `interval`, `limit`, and may name `from` and `to`
 * (Unix ms): bars that start from `from` on and before `to`, the newest first, one message each. Intervals without rows are
 * folded from shorter ones. With a table of `gaps` a bar has `gap_ms`: how long a feed of the symbol was away in it. A bar is
 * `complete` when its end has passed, nothing is missing in it, and the log reached back to its start: a trade of an earlier bar
 * of the symbol was received in time. With `stream` there is no limit: all bars of the range, the oldest first, each with its
 * `symbol`, are read portion by portion, as fast as the client of the request takes them.
 */
export const bars = defineOperator({
  type: 'bars',
  summary: 'Reads the bars of a symbol, of any length that its stored bars can be folded into.',
  connectors: { in: 'lookup', gaps: 'lookup' },
  state: () => lookedUp,
  options: {
    type: 'object',
    description: 'The table of the bars, and the options of the `candles` that fills it.',
    additionalProperties: false,
    required: ['in', 'every'],
    properties: {
      in: { type: 'string', minLength: 1, description: 'Name of the connector of the table.', examples: ['candles'] },
      gaps: {
        type: 'string',
        minLength: 1,
        description:
          'Name of the connector of the table that `gaps` fills: bars then have `gap_ms`, and are complete only without gaps. Default: nobody looks for gaps.',
        examples: ['gaps'],
      },
      every: {
        type: 'array',
        minItems: 1,
        uniqueItems: true,
        items: { type: 'string', format: 'duration' },
        description: 'Lengths of the bars, as `candles` has them: what the field `interval` may be.',
        examples: [['1m', '5m', '1h', '1d']],
      },
      store: {
        type: 'array',
        minItems: 1,
        uniqueItems: true,
        items: { type: 'string', format: 'duration' },
        description: 'Which of them have rows, as in `candles`. Default: the shortest.',
      },
      calendar: {
        type: 'string',
        format: 'name-or-path',
        default: 'always',
        description: 'The calendar of `candles`: it says when a day begins.',
        examples: ['XNYS'],
      },
      max_rows: {
        type: 'integer',
        minimum: 1,
        maximum: 10_000_000,
        default: 200_000,
        description: 'Maximum number of rows that are read for one message. One that needs more is rejected (400).',
      },
      stream: {
        type: 'boolean',
        default: false,
        description:
          'Reads all bars of the range, the oldest first, in portions, in a route that ends in a `reply` with `file`. The field `limit` is not read, and each bar has its `symbol`.',
      },
      timeout: {
        type: 'string',
        format: 'duration',
        default: '5s',
        description: 'Time limit of the query. After it the message is rejected (a request gets 504).',
      },
    },
  },
  example: 'bars: { in: candles, every: [1m, 5m, 1h, 1d] }',
  shape(options, input, report, scope) {
    const given = routeShape(input, scope);
    const { stream } = options;
    for (const name of ['symbol', 'interval']) checkField({ input: given, report, path: [] }, name, ['string']);
    if (!stream) checkField({ input: given, report, path: [] }, 'limit', ['number', 'int64']);
    else if (scope.route === undefined) report(['stream'], 'streams are for routes only', 'use the field limit');
    checkData(report, ['calendar'], () => readCalendar(options.calendar));
    checkLengths(options, report);
    const index = { given: ['symbol', 'interval'], range: 'start', wanted: '[symbol, interval, -start]' };
    checkTable('in', options.in, columns, index, { report, scope });
    const byEnd = { given: ['symbol'], range: 'to', wanted: '[symbol, -to]' };
    if (options.gaps !== undefined) checkTable('gaps', options.gaps, gapColumns, byEnd, { report, scope });
    return {
      ...(stream && ({ symbol: 'string' } as const)),
      ...output,
      ...(options.gaps !== undefined && ({ gap_ms: 'int64' } as const)),
      complete: 'boolean',
    };
  },
  streams: ({ stream }) => stream,
  create(options, context) {
    const every = options.every.map(intervalOf);
    const source = {
      table: context.lookup(options.in),
      stored: storedOf(options),
      calendar: readCalendar(options.calendar),
      maxRows: options.max_rows,
    };
    const gapTable = options.gaps === undefined ? undefined : context.lookup(options.gaps);
    const timeoutMs = durationMs(options.timeout);
    if (options.stream) return portions(context, beginOf({ source, every, gapTable, context }), { timeoutMs });
    return lookup(
      context,
      async (message, _batch, signal) => {
        const fields = fieldsOf(message);
        const range = { ...rangeOf(fields, every), limit: numberField(fields, 'limit') };
        const found = await readBars(source, range, signal);
        const now = context.clock.now();
        const oldest = found.at(-1);
        const away = oldest && gapTable && (await readGaps(gapTable, { ...range, from: oldest.start, now }, signal));
        return found.map((bar, index) => barMessage(message, shownBar(bar, { range, away, now }), index));
      },
      { timeoutMs },
    );
  },
});

interface Streamed {
  readonly source: BarSource;
  readonly every: readonly Interval[];
  readonly gapTable: Pick<Lookup, 'find'> | undefined;
  readonly context: OperatorContext;
}

/** Begins the stream of a message's bars. What is complete is judged as of its beginning. */
function beginOf({ source, every, gapTable, context }: Streamed) {
  return (message: Message) => {
    const range = rangeOf(fieldsOf(message), every);
    const { symbol } = range;
    const now = context.clock.now();
    const stream = new BarStream(source, range);
    let away: Away | undefined;
    return async (signal: AbortSignal) => {
      const found = await stream.next(signal);
      const [oldest] = found;
      if (oldest && gapTable) away ??= await readGaps(gapTable, { symbol, from: oldest.start, now }, signal);
      return found.map((bar, index) => barMessage(message, { symbol, ...shownBar(bar, { range, away, now }) }, index));
    };
  };
}

interface Shown {
  readonly range: BarRange;
  readonly away: Away | undefined;
  readonly now: number;
}

function shownBar({ start, end, reached, ...bar }: FoldedBar, { range, away, now }: Shown): Fields {
  const gap_ms = away?.({ start, end }) ?? 0;
  const complete = reached && end <= now && gap_ms === 0;
  return { start, end, interval: range.interval.name, ...bar, ...(away && { gap_ms }), complete };
}

function barMessage(message: Message, value: Fields, index: number): Message {
  return derive(message, { value, meta: indexed(message.meta, index) });
}

interface Index {
  readonly given: readonly string[];
  readonly range: string;
  readonly wanted: string;
}

/** Reports a table that lacks a column or the index, or has a column of another type. */
function checkTable(
  option: string,
  name: string,
  wanted: typeof columns,
  index: Index,
  { report, scope }: { readonly report: Report; readonly scope: SpecScope },
): void {
  const table = scope.tableFields(name);
  for (const [column, types] of table ? Object.entries(wanted) : []) {
    const type = table?.[column];
    const { text, hint } = unknownName('field', column, Object.keys(table ?? {}));
    if (type === undefined) report([option], text, hint);
    else if (!types.includes(type)) report([option], `${column} of ${name} is a ${type}, expected ${types[0]}`);
  }
  const indexes = scope.tableIndexes(name);
  if (indexes && !indexes.some((each) => leadsTo(each, index.given, index.range)))
    report([option], `no index of ${name} leads to a range of ${index.range}`, `add ${index.wanted} to its indexes`);
}

function rangeOf(fields: Fields, every: readonly Interval[]): BarRange {
  const asked = textField(fields, 'interval');
  const interval = every.find(({ name }) => name === asked);
  if (!interval)
    throw parameterInvalid(`interval: expected one of ${every.map(({ name }) => name).join(', ')}, got ${asked}`);
  const [from, to] = ['from', 'to'].map((name) => {
    return fieldOf(fields, name) === undefined ? undefined : numberField(fields, name);
  });
  if (from !== undefined && to !== undefined && from > to) throw parameterInvalid(`from: ${from} is after to, ${to}`);
  return { symbol: textField(fields, 'symbol'), interval, from, to };
}
