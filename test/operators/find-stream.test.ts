import { describe, expect, it } from 'vitest';
import { find } from '../../operators/find.ts';
import { operatorContext } from '../../src/testing/environment.ts';
import { isBalanced, runOperators } from '../support/engine/operators.ts';
import { check, operator } from './declared.ts';
import { row, table } from './find-store.ts';

describe('find', () => {
  it('streams in the order of an index, in a route', () => {
    const trades = { symbol: 'string', time: 'date' } as const;
    const problems = (yaml: string, indexes: readonly (readonly string[])[], route?: string) =>
      check(
        find,
        `{ in: trades, ${yaml}, stream: { at_most: 5 } }`,
        { symbol: 'string' },
        {
          ...(route && { route }),
          ...{ tables: { trades }, indexes: { trades: indexes } },
        },
      ).problems;
    const sorted = 'where: { symbol: "{symbol}" }, sort: [time, _id]';
    expect(problems(sorted, [['symbol', 'time', '_id']], 'GET /')).toEqual([]);
    expect(problems(`${sorted}, limit: 5`, [['venue', 'time']])).toEqual([
      'stream: a stream has neither limit nor page | leave them out',
      'stream: streams are for routes only | use limit',
      'stream: no index of trades leads to the order of time | add [symbol, time] to its indexes',
    ]);
    expect(problems('sort: [time]', [['time']], 'GET /')).toEqual([
      'sort: pages need a number or date field and then _id, both in the same direction | such as [-time, -_id]',
    ]);
  });

  it('streams every row once, however many share a millisecond, those without a time left out, and is balanced', async () => {
    const rows = Array.from({ length: 2301 }, (_, n) => row(Math.floor(n / 900), String(n).padStart(5, '0')));
    const store = table(rows);
    const context = { ...operatorContext(), lookup: () => store };
    const stream = operator(find, '{ in: t, sort: [time, _id], stream: { at_most: 2301 } }');
    const { out, batches, outcomes } = await runOperators([stream], [{}], { context });
    expect(out.map(({ value }) => value)).toEqual(rows);
    expect(batches.map(({ messages }) => messages.length)).toEqual([1000, 1000, 301]);
    expect(store.queries.map(({ ranges, limit, skip }) => [ranges, limit, skip])).toEqual([
      [[{ field: 'time', from: -Number.MAX_VALUE }], 1000, undefined],
      [undefined, 1, 2301],
      [[{ field: 'time', from: -Number.MAX_VALUE }], 1000, undefined],
      [[{ field: 'time', from: -Number.MAX_VALUE }], 1000, undefined],
    ]);
    expect([outcomes, isBalanced(context), context.node.inFlight]).toEqual([[1], true, 0]);
  });
});
