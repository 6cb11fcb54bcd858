import { describe, expect, it } from 'vitest';
import { reply } from '../../operators/reply.ts';
import type { Shape, SpecScope } from '../../src/kit/declaration.ts';
import type { RequestContext } from '../../src/kit/request.ts';
import { isBalanced, runOperators, testLane } from '../support/engine/operators.ts';
import { check, operator, optionsOf } from './declared.ts';

async function answer(yaml: string, values: readonly unknown[], more: Partial<RequestContext> = {}) {
  const answers: unknown[] = [];
  const request = {
    path: '/trades',
    query: '',
    respond: (data: unknown) => void answers.push(data),
    fail: () => {},
    stop: () => {},
    ...more,
  };
  const { out, outcomes, context } = await runOperators([operator(reply, yaml)], values, { lane: testLane(request) });
  expect(out.map(({ value }) => value)).toEqual(values);
  expect(outcomes).toEqual(values.map(() => 1));
  expect(isBalanced(context)).toBe(true);
  return answers;
}

describe('reply', () => {
  it('answers with the rows, also when there are none', async () => {
    expect(await answer('{ as: available }', [{ symbol: 'A' }, { symbol: 'B' }])).toEqual([
      { available: [{ symbol: 'A' }, { symbol: 'B' }] },
    ]);
    expect(await answer('{ as: available }', [])).toEqual([{ available: [] }]);
  });

  it('links to the next page with all parameters of the request', async () => {
    const page = { value: 17, id: 'ab', limit: 5 };
    const query = 'before=99_x&side=buy%26sell&limit=7&limit=8';
    expect(await answer('{ as: data, pagination: true }', [1], { page, query })).toEqual([
      { data: [1], pagination: { next_cursor: 17, next: '/trades?side=buy%26sell&limit=5&before=17_ab' } },
    ]);
  });

  it('has no link on the last page', async () => {
    const last = [{ data: [], pagination: { next_cursor: null, next: null } }];
    expect(await answer('{ as: data, pagination: true }', [], { page: null })).toEqual(last);
    expect(await answer('{ as: data, pagination: true }', [])).toEqual(last);
  });

  it('answers with the only row, with 404 when there is none, and with an error when there are more', async () => {
    expect(await answer('{ one: true }', [{ symbol: 'A' }])).toEqual([{ symbol: 'A' }]);
    const errors: string[] = [];
    const fail = ({ code }: { readonly code: string }) => void errors.push(code);
    expect(await answer('{ one: true }', [], { fail })).toEqual([]);
    expect(await answer('{ one: true }', [1, 2], { fail })).toEqual([]);
    expect(errors).toEqual(['FDP_NOT_FOUND', 'FDP_INTERNAL']);
  });

  it('is a list or one message', () => {
    const problems = (yaml: string) => check(reply, yaml, undefined).problems;
    expect(problems('{ one: true, as: data }')).toEqual([
      'one: one message is neither a list nor a page | leave out `as` and `pagination`',
    ]);
    expect(problems('{}')).toEqual([
      ': nothing says where the list goes | give `as`, or `one: true` for a route of one message, or `file` for a file',
    ]);
  });

  it('keeps the list and its links apart', () => {
    expect(check(reply, '{ as: pagination, pagination: true }', undefined).problems).toEqual([
      'as: pagination is reserved for the links | choose another name for the list',
    ]);
  });

  it('is a file, of which the columns and the parameters are known', () => {
    const schema = { type: 'string', enum: ['csv', 'ndjson'] };
    const parameters = [
      { name: 'symbol', in: 'path', schema: {} },
      { name: 'format', in: 'query', schema },
    ] as const;
    const shape = { symbol: 'string', time: 'date', _id: 'string' } as const;
    const problems = (yaml: string, input: Shape, known: SpecScope['parameters'] = parameters) =>
      check(reply, yaml, input, { route: 'GET /{symbol}', parameters: known }).problems;
    expect(problems('{ file: "a-{symbol}", format: "{format}" }', shape)).toEqual([]);
    expect(problems('{ file: "{symbl}", as: data }', shape)).toEqual([
      'file: a file is neither a list, nor a page, nor one message | leave out `as`, `one` and `pagination`',
      'file: there is no parameter symbl | did you mean symbol?',
    ]);
    expect(problems('{ file: a, format: "{format}" }', undefined, [])).toEqual([
      'file: nothing says which columns the file has | declare the fields of the table, or add a map',
      'format: the route has no parameter format | declare it before: { format: { type: string, enum: [csv, ndjson], default: csv } }',
    ]);
    const other = { name: 'format', in: 'query', schema: { enum: ['csv', 'xml'] } } as const;
    expect(problems('{ file: a, format: "{format}" }', shape, [other])).toEqual([
      'format: the parameter format may be xml, which is no format of a file',
    ]);
    const route = { route: 'GET /{symbol}', parameters, reply: {} };
    const options = optionsOf(reply, '{ file: "a-{symbol}", format: "{format}" }');
    expect(reply.describe?.(options, route, shape)).toMatchObject({
      file: {
        name: 'a-{symbol}',
        formats: ['csv', 'ndjson'],
        columns: [
          ['symbol', 'string'],
          ['time', 'date'],
        ],
      },
    });
  });

  it('is refused by a source that sends no files', async () => {
    const errors: string[] = [];
    await answer('{ file: a }', [{ a: 1 }], { fail: ({ code }) => void errors.push(code) });
    expect(errors).toEqual(['FDP_INTERNAL']);
  });
});
