import type { Template } from './template.ts';

export const operator: Template = {
  source: ({ type, variable }) => `import { defineOperator, derive, FdpError, fieldsOf, perMessage } from 'fdp';

/** \`${type}\`: what it makes of a message, in a sentence. */
export const ${variable} = defineOperator({
  type: '${type}',
  summary: 'Multiplies a field by a factor.',
  stateless: true,
  options: {
    type: 'object',
    description: 'What is multiplied, and by what.',
    additionalProperties: false,
    required: ['field'],
    properties: {
      field: { type: 'string', minLength: 1, description: 'Field with a number.', examples: ['price'] },
      factor: { type: 'number', default: 2, description: 'What it is multiplied by.' },
    },
  },
  example: '${type}: { field: price, factor: 100 }',
  // The fields of the messages that come out, as far as they are known: here the same.
  shape: (_options, input) => input,
  create({ field, factor }, context) {
    return perMessage(context, (message) => {
      const fields = fieldsOf(message);
      const number = fields[field];
      // What is thrown rejects this one message: its text is the reason in the dead letter.
      if (typeof number !== 'number') throw new FdpError('FDP_MESSAGE_INVALID', \`\${field} is no number\`);
      return derive(message, { value: { ...fields, [field]: number * factor } });
    });
  },
});
`,
  test: ({ type, variable, module }) => `import { operatorContract, operatorOutput, optionsOf } from 'fdp/testing';
import { describe, expect, it } from 'vitest';
import { ${variable} } from '${module}';

describe('${type}', () => {
  const messages = [
    { key: 'AAPL', value: { price: 1 } },
    { key: 'AAPL', value: { price: 2 } },
    { key: 'MSFT', value: { price: 'none' } },
  ];
  const world = { declaration: ${variable}, options: optionsOf(${variable}, { field: 'price', factor: 10 }), messages };

  // \`rejected\`: the messages, by number from 0, that it can't use.
  for (const { title, run } of operatorContract({ ...world, rejected: [2] })) it(title, run);

  it('multiplies the field', async () => {
    expect(await operatorOutput(world)).toEqual([{ price: 10 }, { price: 20 }]);
  });
});
`,
};
