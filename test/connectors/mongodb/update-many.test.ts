import { Long } from 'mongodb';
import { expect, it } from 'vitest';
import { alike, type Statement } from '../../../connectors/mongodb/update-many.ts';

const raised = (symbol: string, fields: object = { tradeCount: Long.fromNumber(1) }, mark: object = { k: symbol }) => ({
  q: { symbol: { $eq: symbol }, '_marks.0': { $eq: mark } },
  u: { $set: { '_marks.0': mark }, $inc: fields },
});
const sizes = (statements: readonly Statement[]) => alike(statements, (one) => one).map(({ length }) => length);

it('joins statements that change the same fields under the same conditions', () => {
  const [a, b] = [raised('A'), raised('B')];
  const other = raised('C', { tradeCount: Long.fromNumber(1), volume: 2 });
  expect(alike([a, other, b], (one) => one)).toEqual([[a, b], [other]]);
});

it.each([
  ['has a field that leads into another one', raised('B', { 'a.b': 1 })],
  ['has a name that is an expression in a pipeline', raised('B', { a$b: 1 })],
  ['has a long text, of which many would not fit into one statement', raised('B', { text: 'x'.repeat(8192) })],
  ['has a mark with a long key', raised('B', undefined, { k: 'x'.repeat(4096) })],
  ['has a long list', raised('B', { list: Array(100).fill('x'.repeat(100)) })],
])('leaves one alone that %s', (_what, statement: Statement) => {
  expect(sizes([statement, statement])).toEqual([1, 1]);
});
