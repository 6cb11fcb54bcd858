import { describe, expect, it } from 'vitest';
import { metadataUpsert } from '../../operators/metadata-upsert.ts';
import { isBalanced, runOperators } from '../support/engine/operators.ts';
import { check, operator } from './declared.ts';

const yaml = '{ by: symbol, count: tradeCount, latest: { lastTradeAt: time } }';

describe('metadata_upsert', () => {
  it('gives one merge operation for each message', async () => {
    const { out, context } = await runOperators(
      [operator(metadataUpsert, yaml)],
      [{ symbol: 'AAPL', time: 5, price: 1 }],
    );
    expect(out.map(({ value }) => value)).toEqual([
      { merge: { by: { symbol: 'AAPL' }, count: { tradeCount: 1 }, latest: { lastTradeAt: 5 } } },
    ]);
    expect(metadataUpsert.output).toBe('merges');
    expect(isBalanced(context)).toBe(true);
  });

  it('counts nothing unless configured', async () => {
    const { out } = await runOperators([operator(metadataUpsert, '{ by: s, latest: { at: t } }')], [{ s: 'A', t: 1 }]);
    expect(out.map(({ value }) => value)).toEqual([{ merge: { by: { s: 'A' }, count: {}, latest: { at: 1 } } }]);
  });

  it('rejects what names no row or has no number', async () => {
    const values = [{ time: 1 }, { symbol: '', time: 1 }, { symbol: 'A' }, { symbol: 'A', time: '1' }];
    const { outcomes, context } = await runOperators([operator(metadataUpsert, yaml)], values);
    expect(outcomes).toEqual([2, 2, 2, 2]);
    expect(context.rejections.map(({ message }) => message)).toEqual([
      'symbol: expected text, got nothing',
      'symbol: expected text, got ""',
      'time: expected a number, got nothing',
      'time: expected a number, got "1"',
    ]);
  });

  it('is checked against the shape', () => {
    expect(check(metadataUpsert, yaml, { symbol: 'number', tme: 'date' }).problems).toEqual([
      'by: symbol is a number, expected string',
      'latest.lastTradeAt: there is no field time | did you mean tme?',
    ]);
    expect(() => check(metadataUpsert, '{ by: symbol }', undefined)).toThrow();
  });
});
