import { FdpError } from '../src/errors.ts';
import { defineOperator } from '../src/kit/declaration.ts';
import { type GapSpan, gapOf, gapSymbolOf } from '../src/kit/gap-message.ts';
import { derive, type Message } from '../src/kit/message.ts';
import { flatMap } from '../src/kit/operator.ts';
import type { MergeOperation } from '../src/kit/row.ts';
import type { SessionKind } from './support/calendar.ts';
import { readCalendar } from './support/calendar-file.ts';
import { checkData } from './support/data-file.ts';
import { type OpenTime, openTimes } from './support/open-times.ts';

const sessions: Readonly<Record<string, readonly SessionKind[]>> = {
  regular: ['regular'],
  extended: ['pre', 'regular', 'post'],
};

/** The end of a gap that is not over: 9999-12-31T23:59:59.999Z, so that a range of time finds it without a special case. */
const notOver = 253_402_300_799_999;

/**
 * `gaps`: for each gap message the changes that it makes to the rows of its gap; other messages are filtered. A gap is a row
 * for each symbol and each open session of the calendar that it overlaps: `key`, `id` (feed and beginning, the same for all
 * symbols), `feed`, `symbol`, `from`, `to`, `reason`, `state` (`open`, `closed`), `filled`. The row of a gap that lasted only
 * while the market was closed is empty: its `to` is its `from`. Rows are the same whatever the order of the messages, and
 * however often they are read.
 */
export const gaps = defineOperator({
  type: 'gaps',
  summary: 'Turns each gap message into changes of the rows of its gap. Filters all other messages.',
  output: 'merges',
  stateless: true,
  options: {
    type: 'object',
    description: 'When a gap is none.',
    additionalProperties: false,
    properties: {
      calendar: {
        type: 'string',
        format: 'name-or-path',
        default: 'always',
        description:
          'The calendar of the feed: a gap that lasts while the market is closed is none. The name of a shipped one, or the path of a file. A gap outside of its years is rejected.',
        examples: ['XNYS'],
      },
      session: {
        enum: ['regular', 'extended'],
        default: 'extended',
        description:
          "When the market is open: in the calendar's regular session only, or in the trading before and after it, too.",
      },
    },
  },
  example: 'gaps: { calendar: XNYS }',
  shape({ calendar }, _input, report) {
    checkData(report, ['calendar'], () => readCalendar(calendar));
    return { merge: 'any' };
  },
  merges: () => ({
    unique: 'key',
    fields: {
      ...{ id: 'set_on_insert', feed: 'set_on_insert', symbol: 'set_on_insert', from: 'set_on_insert' },
      ...{ to: 'lowest', reason: 'first', state: 'last', filled: 'count' },
    },
  }),
  create({ calendar, session }, context) {
    const market = { calendar: readCalendar(calendar), kinds: sessions[session] ?? [] };
    return flatMap(context, (message) => {
      const span = gapOf(message.value);
      if (!span) return [];
      const symbol = symbolOf(message);
      return openTimes(span, market).map((time) => derive(message, { value: changeOf(span, symbol, time) }));
    });
  },
});

function changeOf({ from, to, reason, feed }: GapSpan, symbol: string, time: OpenTime): MergeOperation {
  const parts = [feed, symbol, from, ...(time.start === from ? [] : [time.start])];
  return {
    merge: {
      by: { key: parts.map((part) => String(part).replaceAll(/[\\|]/g, '\\$&')).join('|') },
      set_on_insert: { id: `${feed}-${from}`, feed, symbol, from: time.start },
      count: { filled: 0 },
      lowest: { to: time.end ?? notOver },
      first: { reason: { value: reason, at: from } },
      last: { state: to === undefined ? { value: 'open', at: from } : { value: 'closed', at: to } },
    },
  };
}

/** The key; of a message that lost it on its way, what the gap itself says. */
function symbolOf({ key, value }: Message): string {
  const symbol = key === null || key === '' ? gapSymbolOf(value) : key;
  if (symbol !== undefined) return symbol;
  throw new FdpError('FDP_MESSAGE_INVALID', 'expected a gap message to have its symbol as the key, got none');
}
