import { describe, expect, it } from 'vitest';
import { gaps } from '../../operators/gaps.ts';
import { isBalanced, runOperators } from '../support/engine/operators.ts';
import { operator, optionsOf } from './declared.ts';

const at = (text: string) => Date.parse(text);
const message = (from: string, to?: string) => ({
  ...{ type: 'gap', data: [] },
  gap: { from: at(from), ...(to === undefined ? {} : { to: at(to) }), reason: 'cut', feed: 'finnhub' },
});

interface Merge {
  readonly by: { readonly key: string };
  readonly set_on_insert: { readonly id: string; readonly from: number };
  readonly lowest: { readonly to: number };
  readonly last: { readonly state: { readonly value: string } };
}

/** What becomes of gap messages of AAPL. */
async function mergesOf(yaml: string, ...values: readonly unknown[]) {
  const { out, outcomes, context } = await runOperators([operator(gaps, yaml)], values, {
    record: () => ({ key: 'AAPL' }),
  });
  expect(isBalanced(context)).toBe(true);
  return { merges: out.map(({ value }) => (value as { merge: Merge }).merge), outcomes, context };
}

/** `open 2025-07-03T13:30 2025-07-03T14:00` */
async function timesOf(yaml: string, ...values: readonly unknown[]): Promise<string[]> {
  const text = (ms: number) => new Date(ms).toISOString().slice(0, 16);
  const { merges } = await mergesOf(yaml, ...values);
  return merges.map(({ set_on_insert, lowest, last }) =>
    [last.state.value, text(set_on_insert.from), text(lowest.to)].join(' '),
  );
}

describe('gaps', () => {
  it('gives the change of the row of a gap, when it begins and when it ends', async () => {
    const from = at('2025-07-03T14:00:00Z');
    const to = from + 5000;
    const shared = {
      by: { key: `finnhub|AAPL|${from}` },
      set_on_insert: { id: `finnhub-${from}`, feed: 'finnhub', symbol: 'AAPL', from },
      count: { filled: 0 },
      first: { reason: { value: 'cut', at: from } },
    };
    const { merges } = await mergesOf('{}', message('2025-07-03T14:00:00Z'), {
      ...message('2025-07-03T14:00:00Z', '2025-07-03T14:00:05Z'),
    });
    expect(merges).toEqual([
      { ...shared, lowest: { to: at('9999-12-31T23:59:59.999Z') }, last: { state: { value: 'open', at: from } } },
      { ...shared, lowest: { to }, last: { state: { value: 'closed', at: to } } },
    ]);
    const made = Object.entries(gaps.merges?.(optionsOf(gaps, '{}'))?.fields ?? {});
    for (const [field, kind] of made) expect(Object.keys(merges[0]?.[kind as 'lowest'] ?? {})).toContain(field);
    expect(made).toHaveLength(8);
  });

  it('filters everything else, and rejects a gap without a symbol, or that cannot be read', async () => {
    const trade = { type: 'trade', data: [{ s: 'AAPL' }] };
    const { outcomes, context } = await mergesOf('{}', trade, { data: [] }, 'text', { type: 'gap', gap: {} }, null);
    expect(outcomes).toEqual([0, 0, 0, 2, 0]);
    expect(context.rejections.map(({ message: text }) => text)).toEqual(['gap.from: expected Unix ms']);
    const keyless = await runOperators([operator(gaps, '{}')], [message('2025-07-03T14:00:00Z')]);
    expect(keyless.outcomes).toEqual([2]);
  });

  it('takes the time in which the market was open, a row for each of its sessions', async () => {
    const night = message('2025-07-03T01:00:00Z', '2025-07-03T05:00:00Z');
    const overNight = message('2025-07-01T19:59:00Z', '2025-07-02T13:31:00Z');
    const xnys = '{ calendar: XNYS, session: regular }';
    expect(await timesOf(xnys, overNight)).toEqual([
      'closed 2025-07-01T19:59 2025-07-01T20:00',
      'closed 2025-07-02T13:30 2025-07-02T13:31',
    ]);
    expect(await timesOf('{ calendar: XNYS }', overNight)).toEqual([
      'closed 2025-07-01T19:59 2025-07-02T00:00',
      'closed 2025-07-02T08:00 2025-07-02T13:31',
    ]);
    // Open from the next session on; over before it: a row without a time, by which the open one is undone.
    const open = await mergesOf(xnys, message('2025-07-03T01:00:00Z'), night);
    expect(new Set(open.merges.map(({ by }) => by.key)).size).toBe(1);
    expect(await timesOf(xnys, message('2025-07-03T01:00:00Z'), night)).toEqual([
      'open 2025-07-03T13:30 9999-12-31T23:59',
      'closed 2025-07-03T13:30 2025-07-03T13:30',
    ]);
    expect(await timesOf('{}', message('2025-07-01T19:59:00Z', '2025-07-30T13:31:00Z'))).toEqual([
      'closed 2025-07-01T19:59 2025-07-30T13:31',
    ]);
  });

  it('keeps rows of gaps apart that begin before the same opening', async () => {
    const { merges } = await mergesOf(
      '{ calendar: XNYS, session: regular }',
      message('2025-07-03T01:00:00Z', '2025-07-03T14:00:00Z'),
      message('2025-07-03T02:00:00Z', '2025-07-03T13:30:01Z'),
    );
    expect(new Set(merges.map(({ by }) => by.key)).size).toBe(2);
  });

  it('rejects a gap outside of the years of its calendar', async () => {
    const { outcomes, context } = await mergesOf('{ calendar: XNYS }', message('1999-07-03T01:00:00Z'));
    expect(outcomes).toEqual([2]);
    expect(context.rejections[0]?.message).toMatch(/^calendar .* has the years 2024 to 2027/);
  });
});
