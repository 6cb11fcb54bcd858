import { defineOperator } from '../src/engine/declaration.ts';
import { derive, type Fields, fieldsOf, indexed, type Message } from '../src/engine/message.ts';
import { flatMap } from '../src/engine/operator.ts';
import { arrayField, itemFields } from './support/fields.ts';
import { checkField } from './support/names.ts';

/** `explode`: one message for each item of an array, numbered by its place before anything can filter. */
export const explode = defineOperator({
  type: 'explode',
  summary: 'One message for each item of an array; key and timestamp stay.',
  options: {
    type: 'object',
    description: 'Which array is taken apart, and which fields of its items go on.',
    additionalProperties: false,
    required: ['field'],
    properties: {
      field: {
        type: 'string',
        minLength: 1,
        description: 'The array in the message. An empty one is filtered; no array: the message is rejected.',
        examples: ['data'],
      },
      as: {
        type: 'object',
        minProperties: 1,
        additionalProperties: { type: 'string', minLength: 1 },
        description:
          'Names of the new fields, and the fields of the item that they come from; one that an item lacks is left out. Default: the item as it is.',
        examples: [{ symbol: 's', price: 'p', time: 't', volume: 'v' }],
      },
    },
  },
  example: 'explode: { field: data, as: { symbol: s, price: p, time: t, volume: v } }',
  shape({ field, as }, input, report) {
    checkField({ input, report, path: ['field'] }, field, ['any']);
    return as && Object.fromEntries(Object.keys(as).map((name) => [name, 'any']));
  },
  create({ field, as }, context) {
    const pairs = as && Object.entries(as);
    return flatMap(context, (message) => items(message, field, pairs));
  },
});

type Pairs = readonly (readonly [string, string])[];

function items(message: Message, field: string, pairs: Pairs | undefined): readonly Message[] {
  return arrayField(fieldsOf(message), field).map((item, index) =>
    derive(message, {
      value: pairs === undefined ? item : picked(itemFields(item) ?? {}, pairs),
      meta: indexed(message.meta, index),
    }),
  );
}

function picked(item: Fields, pairs: Pairs): Fields {
  const value: Record<string, unknown> = {};
  for (const [name, from] of pairs) if (Object.hasOwn(item, from)) value[name] = item[from];
  return value;
}
