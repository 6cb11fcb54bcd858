import { describe, expect, it } from 'vitest';
import { orderFailures } from '../../../src/cli/test/order.ts';
import { toMessage } from '../../../src/kit/message.ts';
import { sourceFile } from '../../../src/pipeline/read/source.ts';

const range = { file: sourceFile('a', 'order', 0), start: 0, end: 5 };

type Given = readonly [key: string, offset: number, index?: number];

/** Messages that an ordered sink stored. */
function stored(...all: readonly Given[]) {
  return all.map(([symbol, offset, index = 0]) => ({
    branch: 'out',
    isOrdered: true,
    message: toMessage(
      { key: symbol, value: { symbol }, timestamp: 0, meta: { lane: 'lane', offset, index } },
      undefined,
    ),
  }));
}

const texts = (...all: readonly Given[]) =>
  orderFailures({ range, by: 'symbol' }, stored(...all)).map(({ text }) => text);

describe('order', () => {
  it('holds for each value by itself, and for what is written again', () => {
    expect(texts(['A', 5], ['B', 1], ['A', 6], ['B', 2])).toEqual([]);
    expect(texts(['A', 1], ['A', 2, 0], ['A', 2, 1], ['A', 1], ['A', 2, 0], ['A', 2, 1], ['A', 3])).toEqual([]);
  });

  it('does not hold where a message comes after a later one, of another record or of the same', () => {
    expect(texts(['A', 2], ['A', 1])).toEqual(['order: out got symbol "A" out of order']);
    expect(texts(['A', 2, 1], ['A', 2, 0])).toEqual(['order: out got symbol "A" out of order']);
  });

  it('needs a message that it can judge, by a field or by the key', () => {
    const [unordered] = stored(['A', 1]).map((each) => ({ ...each, isOrdered: false }));
    expect(orderFailures({ range, by: 'symbol' }, unordered ? [unordered] : [])).toHaveLength(1);
    expect(orderFailures({ range, by: 'key' }, stored(['A', 2], ['A', 1]))).toHaveLength(1);
    expect(orderFailures({ range, by: 'key' }, stored(['A', 1]))).toEqual([]);
  });
});
