import { FdpError } from '../src/errors.ts';
import { defineOperator } from '../src/kit/declaration.ts';
import { derive } from '../src/kit/message.ts';
import { perMessage } from '../src/kit/operator.ts';
import { fieldsOf, withField } from '../src/kit/row.ts';
import { compileTemplate, templateNames } from '../src/kit/template.ts';
import { checkTemplate } from './support/names.ts';

/**
 * `idempotency_key`: adds a text that is the same whenever the same message is read again, however it was batched: it
 * depends on the message's origin and value only.
 */
export const idempotencyKey = defineOperator({
  type: 'idempotency_key',
  summary: 'Adds a key by which a store recognizes a message that it already has.',
  stateless: true,
  options: {
    type: 'object',
    description: 'The field that holds the key, and what the key is made of.',
    additionalProperties: false,
    required: ['as', 'from'],
    properties: {
      as: { type: 'string', minLength: 1, description: 'Name of the new field.', examples: ['message_key'] },
      from: {
        type: 'string',
        minLength: 1,
        description:
          'Template with `{name}` for a field of the message, its topic, partition, offset, index or key, its `timestamp`, or when it was `received` (Unix ms). A message that lacks one of them is rejected.',
        examples: ['{topic}-{partition}-{offset}--{symbol}-{time}-{index}'],
      },
    },
  },
  example: 'idempotency_key: { as: message_key, from: "{topic}-{partition}-{offset}--{symbol}-{time}-{index}" }',
  shape({ as, from }, input, report) {
    if (templateNames(from).length === 0)
      report(
        ['from'],
        'every message would get the same key',
        'use names in braces, such as {topic}-{partition}-{offset}-{index}',
      );
    checkTemplate({ input, report, path: ['from'] }, from);
    return input && { ...input, [as]: 'string' };
  },
  create({ as, from }, context) {
    const fill = compileTemplate(from);
    return perMessage(context, (message) => {
      const key = fill(message);
      if (key === undefined || key === null)
        throw new FdpError('FDP_MESSAGE_INVALID', `"${from}": the message has no value for it`);
      return derive(message, { value: withField(fieldsOf(message), as, String(key)) });
    });
  },
});
