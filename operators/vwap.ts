import { FdpError } from '../src/errors.ts';
import { defineOperator } from '../src/kit/declaration.ts';
import { figures } from '../src/kit/figures.ts';
import { derive } from '../src/kit/message.ts';
import { scan } from '../src/kit/operator.ts';
import { fieldsOf, withField } from '../src/kit/row.ts';
import { numberField, textField } from './support/fields.ts';
import { checkField } from './support/names.ts';
import { bytesPerTrade, largestSize, RollingVwap } from './support/rolling-vwap.ts';

const largestState = 2 ** 30;

/**
 * `vwap`: the volume-weighted average price of the last trades of each key, including this one. State per lane:
 * 32 bytes for each trade in a window; beyond `max_keys` keys the least recently used one loses its state.
 */
export const vwap = defineOperator({
  type: 'vwap',
  summary: 'Adds the volume-weighted average price of the last trades of the same key.',
  options: {
    type: 'object',
    description: 'The window, and the fields to compute it from.',
    additionalProperties: false,
    required: ['window', 'by'],
    properties: {
      window: {
        type: 'integer',
        minimum: 1,
        maximum: 1_000_000,
        description:
          'Number of trades per key in the average, in order of arrival. The cost per trade does not depend on it.',
        examples: [50],
      },
      by: { type: 'string', minLength: 1, description: 'Text field that holds the key.', examples: ['symbol'] },
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
      max_keys: {
        type: 'integer',
        minimum: 1,
        default: 10_000,
        description: 'Maximum number of keys per lane. Beyond it the least recently used key loses its state.',
      },
    },
  },
  figures: { evicted: figures.evicted, split_keys: figures.split_keys },
  example: 'vwap: { window: 50, by: symbol }',
  shape(options, input, report) {
    checkField({ input, report, path: ['by'] }, options.by, ['string']);
    checkField({ input, report, path: ['price'] }, options.price, ['number']);
    checkField({ input, report, path: ['volume'] }, options.volume, ['number']);
    const most = Math.floor(largestState / bytesPerTrade / options.window);
    if (options.max_keys > most)
      report(
        ['max_keys'],
        `${options.max_keys} windows of ${options.window} trades may use more than 1 GiB`,
        `set max_keys to ${most} or less`,
      );
    return input && { ...input, [options.as]: 'number' };
  },
  create({ window, by, price, volume, as, max_keys }, context) {
    return scan<RollingVwap>(context, {
      seed: () => new RollingVwap(window),
      key: (message) => textField(fieldsOf(message), by),
      maxKeys: max_keys,
      step(state, message) {
        const fields = fieldsOf(message);
        const paid = inRange(price, numberField(fields, price));
        const traded = inRange(volume, numberField(fields, volume));
        if (traded < 0) throw new FdpError('FDP_MESSAGE_INVALID', `${volume}: expected 0 or more, got ${traded}`);
        return [derive(message, { value: withField(fields, as, state.add(paid, traded)) })];
      },
    });
  },
});

function inRange(name: string, value: number): number {
  const size = Math.abs(value);
  if (size === 0 || (size <= largestSize && size >= 1 / largestSize)) return value;
  throw new FdpError('FDP_MESSAGE_INVALID', `${name}: expected 0 or a size from 1e-120 to 1e120, got ${value}`);
}
