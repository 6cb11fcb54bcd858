import { defineOperator } from '../src/kit/declaration.ts';
import { derive } from '../src/kit/message.ts';
import { type OperatorContext, scan } from '../src/kit/operator.ts';
import { type Fields, fieldsOf, withField } from '../src/kit/row.ts';
import { weightedMean, weightedSum } from './support/aggregate.ts';
import { numberField, numberInRange, textField, volumeField } from './support/fields.ts';
import { checkField } from './support/names.ts';
import { bytesPerTrade, RollingVwap } from './support/rolling-vwap.ts';
import { windowOf } from './support/window.ts';
import {
  anchorOf,
  checkMemory,
  checkWindow,
  shortened,
  type WindowOptions,
  warnOfWarmUp,
  windowFigures,
  windowOptions,
  windowOrAnchor,
  windowRule,
  windowState,
} from './support/window-options.ts';

/**
 * `vwap`: the volume-weighted average price of the trades of each key in a window, including this one. State per lane, for
 * each trade in a window: 32 bytes where it is a number of trades, about 60 by time or volume, none for a session or an
 * anchor. Of more than `max_keys` keys the one unused for longest starts anew.
 */
export const vwap = defineOperator({
  type: 'vwap',
  summary: 'Adds the volume-weighted average price of the last trades of the same key.',
  options: {
    type: 'object',
    description: 'The window, and the fields to compute it from.',
    additionalProperties: false,
    required: ['by'],
    oneOf: windowOrAnchor,
    properties: {
      ...windowOptions,
      price: { type: 'string', minLength: 1, default: 'price', description: 'Number field that holds the price.' },
      volume: {
        type: 'string',
        minLength: 1,
        default: 'volume',
        description:
          'Number field that holds the volume. A trade with volume 0 takes a place in the window and has no weight.',
      },
      as: {
        type: 'string',
        minLength: 1,
        default: 'vwap',
        description: 'Name of the new field: a number, or null while all volumes in the window are 0.',
      },
    },
  },
  figures: windowFigures,
  state: windowState,
  example: 'vwap: { window: 50, by: symbol }',
  shape(options, input, report, scope) {
    const { price, volume, as } = options;
    checkWindow(options, { input, report, scope });
    warnOfWarmUp(options, scope);
    checkField({ input, report, path: ['price'] }, price, ['number']);
    checkField({ input, report, path: ['volume'] }, volume, ['number']);
    checkMemory(options, bytesPerTrade, report);
    return input && { ...input, [as]: 'number' };
  },
  create(options, context) {
    const { by, price, volume, as, max_keys } = options;
    return scan<VwapWindow>(context, {
      seed: seedOf(options, context),
      key: (message) => textField(fieldsOf(message), by),
      maxKeys: max_keys,
      step(state, message) {
        const fields = fieldsOf(message);
        const paid = numberInRange(fields, price);
        const traded = volumeField(fields, volume);
        return [derive(message, { value: withField(fields, as, state.add(paid, traded, fields)) })];
      },
    });
  },
});

/** The trades of one key. */
interface VwapWindow {
  /** Takes the next trade, and gives the VWAP of what the window then holds. */
  add(price: number, volume: number, fields: Fields): number | null;
}

function seedOf(options: WindowOptions, context: OperatorContext): () => VwapWindow {
  const rule = windowRule(options);
  if (rule.by === 'count') return () => new RollingVwap(rule.count);
  const isAnchor = anchorOf(options, context);
  const onShortened = shortened(context, options.max_trades);
  const sums = new Float64Array(weightedSum.size);
  return () => {
    const window = windowOf(rule, weightedSum, onShortened);
    return {
      add(value, weight, fields) {
        window.add({ time: numberField(fields, options.time), value, weight }, isAnchor(fields));
        return window.total(sums) ? weightedMean(sums) : null;
      },
    };
  };
}
