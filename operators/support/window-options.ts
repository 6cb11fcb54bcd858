import type { JSONSchema } from 'json-schema-to-ts';
import type { Report, Shape, SpecScope } from '../../src/kit/declaration.ts';
import { counter, type Figures, figures } from '../../src/kit/figures.ts';
import type { OperatorState } from '../../src/kit/guarantee.ts';
import type { OperatorContext } from '../../src/kit/operator.ts';
import type { Fields } from '../../src/kit/row.ts';
import { durationMs } from '../../src/kit/units.ts';
import { readCalendar } from './calendar-file.ts';
import { checkCondition } from './condition.ts';
import { checkData } from './data-file.ts';
import { compileExpression } from './expression.ts';
import { checkField } from './names.ts';
import type { WindowRule } from './window.ts';

/** What the windows of all keys of a lane may use, bytes. */
const largestState = 2 ** 30;

/** The options of an operator with a window for each key. */
export const windowOptions = {
  window: {
    anyOf: [
      { type: 'integer', minimum: 1, maximum: 1_000_000 },
      { type: 'string', format: 'duration' },
      { enum: ['session'] },
      {
        type: 'object',
        additionalProperties: false,
        required: ['volume'],
        properties: {
          volume: {
            type: 'number',
            exclusiveMinimum: 0,
            description:
              'The fewest of the last trades, in order of arrival, whose volumes add up to at least so much.',
          },
        },
      },
    ],
    description:
      'Which trades of a key it holds. A number: so many of the last ones, in order of arrival. A duration: those later than the newest time of the key minus it; one that comes too late for that is not counted. `session`: those of the session of the `calendar` that the newest trade lies in. The cost of a trade does not depend on it.',
    examples: [50, '5m', 'session', { volume: 100_000 }],
  },
  anchor: {
    type: 'string',
    format: 'expression',
    minLength: 1,
    description:
      'Instead of a window: CEL over the fields of a trade. Where it is true the window starts again, with this trade; one that is dated before its anchor is not counted. Nothing is held before the first.',
    examples: ['has(event) && event == "earnings"'],
  },
  calendar: {
    type: 'string',
    format: 'name-or-path',
    default: 'always',
    description: 'The calendar of `window: session`: the name of a shipped one, or the path of a file.',
    examples: ['XNYS'],
  },
  by: { type: 'string', minLength: 1, description: 'Text field that holds the key.', examples: ['symbol'] },
  time: {
    type: 'string',
    minLength: 1,
    default: 'time',
    description: 'The number field that holds the time, Unix ms. Not needed for a window of a number of trades.',
  },
  max_keys: {
    type: 'integer',
    minimum: 1,
    default: 10_000,
    description: 'Maximum number of keys per lane. Beyond it the least recently used key loses its state.',
  },
  max_trades: {
    type: 'integer',
    minimum: 1,
    maximum: 10_000_000,
    default: 1_000_000,
    description:
      'Trades of a key that a window by time or volume holds at most; of more, the first leave early, which is counted as `shortened` and logged once.',
  },
} as const satisfies Record<string, JSONSchema>;

/** What an operator with such windows counts. */
export const windowFigures = {
  evicted: figures.evicted,
  split_keys: figures.split_keys,
  shortened: counter('shortened_windows', 'Trades that left a window early because it held max_trades.'),
} as const satisfies Figures;

/** The options that `windowOptions` describes. */
export interface WindowOptions {
  readonly window?: number | string | { readonly volume: number } | undefined;
  readonly anchor?: string | undefined;
  readonly calendar: string;
  readonly by: string;
  readonly time: string;
  readonly max_trades: number;
}

/** Exactly one of them. */
export const windowOrAnchor = [{ required: ['window'] }, { required: ['anchor'] }] as const;

interface Checked {
  readonly input: Shape;
  readonly report: Report;
  readonly scope: SpecScope;
}

/** Reports what is wrong with the window, and with the fields that it is made from. */
export function checkWindow(options: WindowOptions, { input, report, scope }: Checked): void {
  const { window, anchor, calendar, by, time } = options;
  checkField({ input, report, path: ['by'] }, by, ['string']);
  if (needsTime(options)) checkField({ input, report, path: ['time'] }, time, ['number', 'date', 'int64']);
  if (anchor !== undefined)
    checkCondition(anchor, input, (path, text, hint) => report(['anchor', ...path], text, hint), scope);
  if (window === 'session') checkData(report, ['calendar'], () => readCalendar(calendar));
  else if (calendar !== windowOptions.calendar.default)
    report(['calendar'], 'is used by `window: session` only', 'leave it out, or say `window: session`');
  if (typeof window === 'string' && window !== 'session' && durationMs(window) < 1)
    report(['window'], 'expected at least 1ms');
}

/**
 * Warns of a window that is longer than what its source shows again at a start: until it is full its figures are not those of
 * the process before. Numbers are compared with numbers, durations with durations.
 */
export function warnOfWarmUp({ window, calendar }: WindowOptions, { source, warn }: SpecScope): void {
  const warmUp = source?.['warm_up'];
  if (warmUp === 0 || (typeof warmUp !== 'number' && typeof warmUp !== 'string')) return;
  const after = 'after a start the first trades of the window are missing';
  if (typeof window === 'number') {
    if (typeof warmUp === 'number' && warmUp < window)
      warn?.(
        ['window'],
        `${window} trades are more than the ${warmUp} messages of \`warm_up\`: ${after}`,
        `warm_up: ${window}`,
      );
    return;
  }
  if (typeof window !== 'string' || typeof warmUp !== 'string') return;
  const [ms, wanted] = window === 'session' ? sessionLength(calendar) : ([durationMs(window), window] as const);
  if (durationMs(warmUp) < ms)
    warn?.(['window'], `${window} is longer than \`warm_up\` of the source, ${warmUp}: ${after}`, `warm_up: ${wanted}`);
}

function sessionLength(calendar: string): readonly [ms: number, text: string] {
  try {
    const ms = readCalendar(calendar).longestSessionMs;
    return [ms, `${Math.ceil(ms / 60_000)}m`];
  } catch {
    return [0, '']; // reported where the calendar is checked
  }
}

/** Reports more keys than their windows of a number of trades have memory for. */
export function checkMemory(
  { window, max_keys: keys }: Pick<WindowOptions, 'window'> & { readonly max_keys: number },
  bytesPerTrade: number,
  report: Report,
): void {
  if (typeof window !== 'number') return;
  const most = Math.max(1, Math.floor(largestState / bytesPerTrade / window));
  if (keys > most)
    report(
      ['max_keys'],
      `${keys} windows of ${window} trades may use more than 1 GiB`,
      `set max_keys to ${most} or less`,
    );
}

/** The windows are in memory. A `warm_up` of a time restores those of a time, but for trades that come later than that. */
export function windowState({ window }: Pick<WindowOptions, 'window'>): OperatorState {
  const why = 'its windows begin empty after a restart, so that a value may be made of fewer trades';
  if (typeof window !== 'string' || window === 'session') return { why, cure: 'count in a table, with `aggregate`' };
  return { why, cure: `let the source have a \`warm_up\` of ${window} or more`, ms: durationMs(window) };
}

/** False for a window of a number of trades. */
export function needsTime({ window }: Pick<WindowOptions, 'window'>): boolean {
  return typeof window !== 'number';
}

/** @throws FDP_SPEC_INVALID when the calendar can't be read */
export function windowRule({ window, calendar, max_trades: most }: WindowOptions): WindowRule {
  if (window === undefined) return { by: 'anchor' };
  if (typeof window === 'number') return { by: 'count', count: window };
  if (typeof window === 'object') return { by: 'weight', weight: window.volume, most };
  if (window === 'session') return { by: 'session', calendar: readCalendar(calendar) };
  return { by: 'time', ms: durationMs(window), most };
}

/** Is a trade an anchor? Never, where there is none. */
export function anchorOf(
  { anchor }: Pick<WindowOptions, 'anchor'>,
  { functions }: Pick<OperatorContext, 'functions'>,
): (fields: Fields) => boolean {
  if (anchor === undefined) return () => false;
  const expression = compileExpression(anchor, functions);
  return (fields) => expression.evaluate(fields) === true;
}

/** Counts a trade that left its window early, and logs the first. */
export function shortened({ node, log }: OperatorContext, most: number): () => void {
  let isLogged = false;
  return () => {
    node.count('shortened');
    if (isLogged) return;
    isLogged = true;
    const text = `${node.name}: a window holds ${most} trades, the most that max_trades allows: it is shorter than it should be`;
    log.warn({ node: node.name }, text);
  };
}
