import { describe, expect, it } from 'vitest';
import { reply } from '../../operators/reply.ts';
import type { RequestContext } from '../../src/kit/request.ts';
import { isBalanced, runOperators, testLane } from '../support/engine/operators.ts';
import { check, operator } from './declared.ts';

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
      ': nothing says where the list goes | give `as`, or `one: true` for a route of one message',
    ]);
  });

  it('keeps the list and its links apart', () => {
    expect(check(reply, '{ as: pagination, pagination: true }', undefined).problems).toEqual([
      'as: pagination is reserved for the links | choose another name for the list',
    ]);
  });
});
