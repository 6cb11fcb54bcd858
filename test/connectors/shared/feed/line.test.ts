import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PriceSink } from '../../../../connectors/rest/price-sink.ts';
import { Prices } from '../../../../connectors/rest/prices.ts';
import { readFeedLine } from '../../../../connectors/shared/feed/line.ts';
import { readTrade } from '../../../../connectors/terminal/trade.ts';
import { toMessage } from '../../../../src/kit/message.ts';
import { roleContext, testEnvironment } from '../../../../src/testing/environment.ts';

const at = 1763645598585;

function pageSink() {
  const environment = testEnvironment();
  const context = roleContext(environment);
  context.node.is('ok');
  const prices = new Prices(environment);
  const sink = new PriceSink(prices, context);
  const write = (...values: readonly unknown[]) => {
    const meta = { lane: 'feed' };
    return sink.write(values.map((value) => toMessage({ key: null, value, timestamp: at, meta }, undefined)));
  };
  return { write, node: context.node, shown: () => prices.full().symbols };
}

describe('a line of the feed', () => {
  it.each<readonly [what: string, time: unknown, ms: number | undefined]>([
    ['ISO 8601', '2025-11-20T13:33:18.585Z', at],
    ['Unix ms', at, at],
    ['Unix ms as text', String(at), at],
    ['Unix seconds', 1763645598, 1763645598000],
    ['a clock time', '13:33:18', undefined],
    ['nothing', undefined, undefined],
    ['something else', { a: 1 }, undefined],
  ])('is read with a time in %s, by the dashboard and by the page', async (_what, time, ms) => {
    const line = { symbol: 'AAPL', price: 196.38, vwap: 196.31, time };
    expect(readTrade(line)).toMatchObject({ symbol: 'AAPL', price: 196.38, vwap: 196.31, time: ms });
    const page = pageSink();
    expect(await page.write(line)).toEqual({});
    const shownTime = new Date(ms ?? at).toISOString();
    expect(page.shown()).toEqual([{ symbol: 'AAPL', price: 196.38, vwap: 196.31, time: shownTime, trades: 0 }]);
  });

  it('is one for the dashboard exactly when it is one for the page', async () => {
    const line = fc.record(
      { symbol: fc.anything(), price: fc.anything(), vwap: fc.anything(), time: fc.anything() },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.anything(), line), async (value) => {
        const { failed } = await pageSink().write(value);
        expect(failed === undefined).toBe(readTrade(value) !== undefined);
        expect(failed === undefined).toBe(readFeedLine(value) !== undefined);
      }),
    );
  });

  it('that is unreadable turns the node red with an example, until one can be read', async () => {
    const { write, node } = pageSink();
    const { failed } = await write({ sym: 'AAPL', px: 1 }, 'x');
    expect([...(failed?.keys() ?? [])]).toEqual([0, 1]);
    expect(node).toMatchObject({
      state: 'retrying',
      reason:
        'lines of the feed are rejected: expected an object with a `symbol` and a `price`, as the VWAP feed has them, got {"sym":"AAPL","px":1}',
    });
    await write('x', { symbol: 'AAPL', price: 1 });
    expect(node).toMatchObject({ state: 'ok', reason: undefined });
    await write({ symbol: 'AAPL', price: 1 }, 'x');
    expect(node.state).toBe('ok');
  });
});
