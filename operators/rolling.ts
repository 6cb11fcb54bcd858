import { defineOperator } from '../src/kit/declaration.ts';
import { derive } from '../src/kit/message.ts';
import { type OperatorContext, scan } from '../src/kit/operator.ts';
import { type Fields, fieldsOf } from '../src/kit/row.ts';
import type { Item } from './support/aggregate.ts';
import { type Decay, Ema } from './support/ema.ts';
import { numberField, numberInRange, textField, volumeField } from './support/fields.ts';
import { checkField } from './support/names.ts';
import { figures, type StatisticName, statisticNames } from './support/statistics.ts';
import { windowOf } from './support/window.ts';
import {
  anchorOf,
  checkMemory,
  checkWindow,
  needsTime,
  shortened,
  type WindowOptions,
  warnOfWarmUp,
  windowFigures,
  windowOptions,
  windowOrAnchor,
  windowRule,
  windowState,
} from './support/window-options.ts';

const meanings =
  '`mean`, `min`, `max`; `deviation`, the standard deviation of all values (not of a sample); `twap`, the mean weighted by the time until the next trade; `change`, the last value minus the first; `ema`, the mean of all trades with weights that fall: by 2 / (window + 1) from each trade to the one before, or by e^(-2 age / window), never restarted.';

/**
 * `rolling`: figures of a field over the trades of each key in a window, including this one. State per lane, for each
 * trade in a window: 8 bytes for its time and 8 to 48 for each figure, half as much again for sums; none for a session
 * or an anchor. Beyond `max_keys` keys the least recently used one starts again.
 */
export const rolling = defineOperator({
  type: 'rolling',
  summary: 'Adds figures of the last trades of the same key: mean, lowest, highest, deviation, EMA, TWAP, change.',
  options: {
    type: 'object',
    description: 'The window, and the figures.',
    additionalProperties: false,
    required: ['by', 'fields'],
    oneOf: windowOrAnchor,
    properties: {
      ...windowOptions,
      value: {
        type: 'string',
        minLength: 1,
        default: 'price',
        description: 'The number field that figures are made of.',
      },
      volume: {
        type: 'string',
        minLength: 1,
        default: 'volume',
        description: 'The number field that holds the volume. Needed for a window of a volume only.',
      },
      fields: {
        type: 'object',
        minProperties: 1,
        additionalProperties: { enum: [...statisticNames, 'ema'] },
        description: `Fields that are added, and their figures: ${meanings}`,
        examples: [{ low: 'min', high: 'max', average: 'mean' }],
      },
    },
  },
  figures: windowFigures,
  state: windowState,
  example: 'rolling: { window: 5m, by: symbol, fields: { low: min, high: max, average: mean } }',
  shape(options, input, report, scope) {
    const { value, volume, fields } = options;
    checkWindow(options, { input, report, scope });
    warnOfWarmUp(options, scope);
    checkField({ input, report, path: ['value'] }, value, ['number']);
    if (isByVolume(options)) checkField({ input, report, path: ['volume'] }, volume, ['number']);
    for (const [name, figure] of Object.entries(fields))
      if (figure === 'ema' && decayOf(options) === undefined)
        report(['fields', name], 'an ema needs a window of a number of trades, or of a duration');
    const bytes = 16 + 16 * figures(namesIn(fields)).aggregate.size;
    checkMemory(options, bytes, report);
    return input && { ...input, ...Object.fromEntries(Object.keys(fields).map((name) => [name, 'number' as const])) };
  },
  create(options, context) {
    const { by, value, volume, time, fields, max_keys } = options;
    const isTimed = needsTime(options) || Object.values(fields).includes('twap');
    const isWeighed = isByVolume(options);
    return scan<KeyFigures>(context, {
      seed: seedOf(options, fields, context),
      key: (message) => textField(fieldsOf(message), by),
      maxKeys: max_keys,
      step(state, message) {
        const given = fieldsOf(message);
        const item = {
          time: isTimed ? numberField(given, time) : 0,
          value: numberInRange(given, value),
          weight: isWeighed ? volumeField(given, volume) : 1,
        };
        return [derive(message, { value: { ...given, ...state.add(item, given) } })];
      },
    });
  },
});

/** The trades of one key. */
interface KeyFigures {
  /** Adds the next trade, and returns the fields to add; null if the window is empty. */
  add(item: Item, fields: Fields): Readonly<Record<string, number | null>>;
}

type FigureNames = Readonly<Record<string, StatisticName | 'ema'>>;

function namesIn(fields: FigureNames): readonly StatisticName[] {
  return [...new Set(Object.values(fields))].filter((name) => name !== 'ema');
}

function isByVolume({ window }: Pick<WindowOptions, 'window'>): boolean {
  return typeof window === 'object';
}

/** How an EMA decays; undefined for windows without that option. */
function decayOf(options: WindowOptions): Decay | undefined {
  const { window } = options;
  if (typeof window !== 'number' && (typeof window !== 'string' || window === 'session')) return undefined;
  const rule = windowRule(options);
  return rule.by === 'count' || rule.by === 'time' ? rule : undefined;
}

function seedOf(options: WindowOptions, fields: FigureNames, context: OperatorContext): () => KeyFigures {
  const names = namesIn(fields);
  const { aggregate, read } = figures(names);
  const rule = windowRule(options);
  const decay = Object.values(fields).includes('ema') ? decayOf(options) : undefined;
  const isAnchor = anchorOf(options, context);
  const onShortened = shortened(context, options.max_trades);
  const target = new Float64Array(aggregate.size);
  return () => {
    const window = windowOf(rule, aggregate, onShortened);
    const ema = decay && new Ema(decay);
    return {
      add(item, given) {
        const { time, value } = item;
        const begins = isAnchor(given);
        if (names.length > 0) window.add(item, begins);
        const smoothed = ema?.add(time, value) ?? null;
        const found = names.length > 0 && window.total(target) ? read(target) : undefined;
        const figure = (name: StatisticName | 'ema') =>
          name === 'ema' ? smoothed : (found?.[names.indexOf(name)] ?? null);
        return Object.fromEntries(Object.entries(fields).map(([field, name]) => [field, figure(name)]));
      },
    };
  };
}
