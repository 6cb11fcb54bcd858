import { defineOperator } from '../src/kit/declaration.ts';
import { isGapMessage } from '../src/kit/gap-message.ts';
import { derive, type Message } from '../src/kit/message.ts';
import { flatMap } from '../src/kit/operator.ts';
import { indexed } from '../src/kit/origin.ts';
import { fieldsOf, withField } from '../src/kit/row.ts';
import { arrayField, fieldOf, itemFields } from './support/fields.ts';
import { checkField } from './support/names.ts';

/**
 * `split`: one message for each distinct value in the items of an array. Groups come in the order of their first item;
 * items keep theirs. Items that have no usable value share one message without a key, so that they harm no others. A gap
 * message passes as it is.
 */
export const split = defineOperator({
  type: 'split',
  summary: 'Groups the items of an array and makes one message of each group, with the group as its key.',
  stateless: true,
  options: {
    type: 'object',
    description: 'The array, and the field to group its items by.',
    additionalProperties: false,
    required: ['field', 'by'],
    properties: {
      field: {
        type: 'string',
        minLength: 1,
        description:
          'Field that holds the array. A message with an empty array is filtered, unless it is a gap message; one without an array is rejected.',
        examples: ['data'],
      },
      by: {
        type: 'string',
        minLength: 1,
        description: 'Text field of the items to group by. Its value becomes the key of the message.',
        examples: ['s'],
      },
    },
  },
  example: 'split: { field: data, by: s }',
  shape(options, input, report) {
    checkField({ input, report, path: ['field'] }, options.field, ['any']);
    return input;
  },
  create: ({ field, by }, context) => flatMap(context, (message) => groups(message, field, by)),
});

function groups(message: Message, field: string, by: string): readonly Message[] {
  const fields = fieldsOf(message);
  const given = arrayField(fields, field);
  if (given.length === 0 && isGapMessage(fields)) return [message];
  const items = new Map<string | null, unknown[]>();
  for (const item of given) {
    const key = keyOf(item, by);
    const group = items.get(key);
    if (group) group.push(item);
    else items.set(key, [item]);
  }
  return [...items].map(([key, group], index) =>
    derive(message, { key, value: withField(fields, field, group), meta: indexed(message.meta, index) }),
  );
}

function keyOf(item: unknown, by: string): string | null {
  const fields = itemFields(item);
  const value = fields && fieldOf(fields, by);
  return typeof value === 'string' && value !== '' ? value : null;
}
