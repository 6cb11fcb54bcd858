import { describe, expect, it } from 'vitest';
import { operators } from '../../../operators/index.ts';
import { checkExpression, compileExpression } from '../../../operators/support/expression.ts';
import {
  celFunctions,
  celMistakes,
  celOperators,
  celRejections,
  expressionOperators,
} from '../../../operators/support/expression-reference.ts';

const samples = [...celFunctions, ...celOperators].flatMap(({ form, samples }) =>
  samples.map((sample) => ({ form, fields: {}, ...sample })),
);

describe('docs/reference/expressions.md', () => {
  it.each(samples)('$form: $source is $result', ({ source, fields, result }) => {
    expect(compileExpression(source).evaluate(fields)).toEqual(result);
    const problems: string[] = [];
    checkExpression(source, undefined, (text) => problems.push(text));
    expect(problems).toEqual([]);
  });

  it.each(celFunctions)('$form: its example calls it', ({ name, samples }) => {
    for (const { source } of samples) expect(source).toMatch(new RegExp(`\\b${name}\\(`));
  });

  it.each(celMistakes)('$source: $text', ({ source, shape, text }) => {
    const reported: string[] = [];
    checkExpression(source, shape, (problem, hint) => reported.push(hint ? `${problem}: ${hint}` : problem));
    expect(reported).toEqual([text]);
  });

  it.each(celRejections)('$source rejects $fields', ({ source, fields, text }) => {
    expect(() => compileExpression(source).evaluate(fields)).toThrow(
      expect.objectContaining({ code: 'FDP_MESSAGE_INVALID', message: text }),
    );
  });

  it('lists every operator that takes an expression', () => {
    const takes = operators.filter(({ options }) => JSON.stringify(options).includes('"format":"expression"'));
    expect(expressionOperators.map(({ type }) => type).sort()).toEqual(takes.map(({ type }) => type).sort());
  });
});
