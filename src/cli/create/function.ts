import type { Template } from './template.ts';

export const celFunction: Template = {
  source: ({ type, variable }) => `import { defineFunction } from 'fdp';

/** \`${type}\`, for expressions: pure, it depends on its arguments alone. */
export const ${variable} = defineFunction({
  name: '${type}',
  summary: 'The middle between two prices.',
  parameters: { bid: 'number', ask: 'number' },
  result: 'number',
  examples: [{ of: { bid: 1, ask: 3 }, gives: 2 }],
  call: ({ bid, ask }) => (bid + ask) / 2,
});
`,
  test: ({ type, variable, module }) => `import { functionContract } from 'fdp/testing';
import { describe, it } from 'vitest';
import { ${variable} } from '${module}';

describe('${type}', () => {
  for (const { title, run } of functionContract(${variable})) it(title, run);
});
`,
};
