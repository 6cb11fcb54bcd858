import type { JSONSchema } from 'json-schema-to-ts';
import { describe, expect, it } from 'vitest';
import { defineConnector } from '../../../src/kit/declaration.ts';
import { brief, readText } from '../../support/pipeline/spec.ts';

/** What is wrong with `options` of a connector that has one option, `x`, of this schema. */
function problemsOf(x: JSONSchema, options: string) {
  const invented = defineConnector({
    type: 'invented',
    summary: 'Has unions.',
    example: '',
    options: {
      type: 'object',
      additionalProperties: false,
      properties: { x, a: { type: 'string' }, b: { type: 'string' } },
      oneOf: [{ required: ['x'] }, { required: ['a'] }, { required: ['b'] }],
    } as JSONSchema,
    source: { options: {} },
    sink: { options: {} },
    create: () => Promise.reject(new Error('not in this test')),
  });
  const text = `connectors: { c: { type: invented, ${options} } }\ntopologies: { t: { source: c, sink: c } }\n`;
  const { problems } = readText(text, { components: { connectors: [invented], operators: [] } });
  return { messages: brief(problems), hints: problems.map(({ hint }) => hint) };
}

const bound = {
  anyOf: [{ type: 'integer', minimum: 1 }, { type: 'string', format: 'size' }, { const: 'none' }],
} as const;
const limit = {
  oneOf: [
    {
      type: 'object',
      additionalProperties: false,
      required: ['kind', 'rows'],
      properties: { kind: { const: 'rows' }, rows: { type: 'integer' }, key: { type: 'string', secret: true } },
    },
    {
      type: 'object',
      additionalProperties: false,
      required: ['kind'],
      properties: { kind: { const: 'age' }, age: { type: 'string', format: 'duration' } },
    },
  ],
} as const;

describe('a value that has none of the forms of a union', () => {
  it.each(['[]', '0', '10MB', '{ a: 1 }'])('is one problem at the value, with all that is expected: %s', (value) => {
    const { messages } = problemsOf(bound, `x: ${value}`);

    expect(messages).toEqual([
      expect.stringMatching(
        /^1:39 c\.x: expected a whole number \(at least 1\), a size such as 512B, 64KiB, 1MiB or 2GiB or "none", got /,
      ),
    ]);
  });

  it.each(['1', '64KiB', 'none', '"none"'])('and %s is accepted', (value) => {
    expect(problemsOf(bound, `x: ${value}`).messages).toEqual([]);
  });

  it('is a map: the hint lists what each form misses, and shows no value', () => {
    const { messages, hints } = problemsOf(limit, 'x: { kind: rows, rwos: 3, key: 1234567 }');

    expect(messages).toEqual(['1:39 c.x: expected a map with "kind" and "rows" or a map with "kind", got a map']);
    expect(hints).toEqual([expect.stringContaining('unknown option "rwos"')]);
    expect(hints[0]).not.toContain('1234567');
    expect(problemsOf(limit, 'x: { kind: weight }').hints).toEqual([
      'lacks "rows", kind: expected "rows"; or kind: expected "age"',
    ]);
    expect(problemsOf(limit, 'x: { kind: rows, rows: 3 }').messages).toEqual([]);
  });

  it('is a map that lacks one of several options, or has two of them', () => {
    expect(problemsOf(bound, '').messages).toEqual(['1:15 c: lacks "x", "a" or "b"']);
    expect(problemsOf(bound, 'a: 1st, b: 2nd').messages).toEqual(['1:15 c: only one of "x", "a", "b" may be given']);
  });

  it('is not judged while a variable in it is not set', () => {
    expect(problemsOf(limit, `x: { kind: "\${KIND}" }`).messages).toEqual(['1:47 c: KIND is not set']);
  });
});
