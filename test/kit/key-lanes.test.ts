import { describe, expect, it } from 'vitest';
import { KeyLanes } from '../../src/kit/key-lanes.ts';
import { operatorContext, testEnvironment } from '../../src/testing/environment.ts';

describe('a key in several partitions', () => {
  const at = (partition: number | undefined) => ({
    lane: `log/ticks/${partition}`,
    topic: 'ticks',
    ...(partition === undefined ? {} : { partition }),
  });
  const made = () => {
    const environment = testEnvironment();
    const context = operatorContext(environment);
    return { lanes: new KeyLanes(context), context, lines: environment.log.lines };
  };

  it('is logged once for all, and counted once each', () => {
    const { lanes, context, lines } = made();
    for (const partition of [0, 0, 3, 0, 3, 5]) lanes.see('AAPL', at(partition));
    for (const partition of [1, 2]) lanes.see('MSFT', at(partition));
    lanes.see('TSLA', at(4));
    expect(context.node.extra).toEqual({ split_keys: 2 });
    expect(lines.map(({ level, text }) => [level, text])).toEqual([
      ['warn', expect.stringContaining('AAPL is in partitions 0 and 3 of ticks')],
    ]);
  });

  it('is nothing that a source without partitions or a replay has', () => {
    const { lanes, context } = made();
    for (const partition of [undefined, 1, undefined]) lanes.see('AAPL', at(partition));
    for (const partition of [0, 1]) lanes.see('MSFT', { ...at(partition), origin: { topic: 'ticks', partition: 2 } });
    expect(context.node.extra).toEqual({});
  });

  it('takes memory for so many keys only', () => {
    const { lanes, context } = made();
    for (let key = 0; key < 100_000; key++) lanes.see(`k${key}`, at(0));
    // The last are remembered, the first are not.
    lanes.see('k99999', at(1));
    lanes.see('k0', at(1));
    expect(context.node.extra).toEqual({ split_keys: 1 });
  });
});
