import { defineOperator, type FieldType } from '../src/kit/declaration.ts';
import { derive, type Message } from '../src/kit/message.ts';
import { flatMap } from '../src/kit/operator.ts';
import { indexed } from '../src/kit/origin.ts';
import { type Fields, fieldsOf } from '../src/kit/row.ts';
import { compileTemplate, templateDateNames, templateNames } from '../src/kit/template.ts';
import { arrayField, itemFields } from './support/fields.ts';
import { checkField, checkTemplate } from './support/names.ts';

/** `explode`: one message for each item of an array, numbered by its index before anything can filter. */
export const explode = defineOperator({
  type: 'explode',
  summary: 'Makes one message of each item of an array. Key and timestamp stay the same.',
  stateless: true,
  options: {
    type: 'object',
    description: 'The array, and the fields to take from its items.',
    additionalProperties: false,
    required: ['field'],
    properties: {
      field: {
        type: 'string',
        minLength: 1,
        description:
          'Field that holds the array. A message with an empty array is filtered; one without an array is rejected.',
        examples: ['data'],
      },
      as: {
        type: 'object',
        minProperties: 1,
        additionalProperties: { type: 'string', minLength: 1 },
        description:
          'New fields, and the fields of the item that they come from. A field that an item lacks is left out. A template such as `{received}` takes the value from the message. Default: the item as it is.',
        examples: [{ symbol: 's', price: 'p', time: 't', volume: 'v', conditions: 'c', received: '{received}' }],
      },
    },
  },
  example: 'explode: { field: data, as: { symbol: s, price: p, time: t, volume: v } }',
  shape({ field, as }, input, report) {
    checkField({ input, report, path: ['field'] }, field, ['any']);
    for (const [name, from] of Object.entries(as ?? {})) checkTemplate({ input, report, path: ['as', name] }, from);
    return as && Object.fromEntries(Object.entries(as).map(([name, from]) => [name, typeOf(from)]));
  },
  create({ field, as }, context) {
    const pairs = as && Object.entries(as).filter(([, from]) => templateNames(from).length === 0);
    const templates = Object.entries(as ?? {})
      .filter(([, from]) => templateNames(from).length > 0)
      .map(([name, from]) => [name, compileTemplate(from)] as const);
    return flatMap(context, (message) => {
      const shared = templates.map(([name, fill]) => [name, fill(message)] as const);
      return items(message, { field, pairs, shared });
    });
  },
});

type Pairs = readonly (readonly [string, string])[];

interface Picking {
  readonly field: string;
  /** New fields and those of the item that they come from; undefined: the item as it is. */
  readonly pairs: Pairs | undefined;
  /** New fields that all items share. */
  readonly shared: readonly (readonly [string, unknown])[];
}

function items(message: Message, { field, pairs, shared }: Picking): readonly Message[] {
  return arrayField(fieldsOf(message), field).map((item, index) =>
    derive(message, {
      value: pairs === undefined ? item : picked(itemFields(item) ?? {}, pairs, shared),
      meta: indexed(message.meta, index),
    }),
  );
}

/** The type of a template that is exactly one name of a date; unknown for all others. */
function typeOf(from: string): FieldType {
  return templateDateNames.some((name) => from === `{${name}}`) ? 'number' : 'any';
}

function picked(item: Fields, pairs: Pairs, shared: Picking['shared']): Fields {
  const value: Record<string, unknown> = {};
  for (const [name, from] of pairs) if (Object.hasOwn(item, from)) value[name] = item[from];
  for (const [name, given] of shared) if (given !== undefined) value[name] = given;
  return value;
}
