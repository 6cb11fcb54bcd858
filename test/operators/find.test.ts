import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { find } from '../../operators/find.ts';
import { params } from '../../operators/params.ts';
import { reply } from '../../operators/reply.ts';
import { FdpError } from '../../src/errors.ts';
import { onAbort } from '../../src/kit/clock.ts';
import type { Lookup } from '../../src/kit/lookup.ts';
import type { RequestContext } from '../../src/kit/request.ts';
import type { Row } from '../../src/kit/row.ts';
import { VirtualClock } from '../../src/simulate/virtual-clock.ts';
import { operatorContext, testEnvironment } from '../../src/testing/environment.ts';
import { isBalanced, runOperators, testLane } from '../support/engine/operators.ts';
import { operator } from './declared.ts';
import { page, row, table } from './find-store.ts';

interface Answer {
  readonly data?: unknown;
  readonly error?: FdpError;
}

const limits = '{ limit: { type: integer, minimum: 1, maximum: 500, default: 15 }, before: { type: cursor } }';

/** One request through the trades route. */
async function ask(store: Lookup, query: string): Promise<Answer> {
  const answers: Answer[] = [];
  const request: RequestContext = {
    path: '/api/v1/trades/A%2FB',
    query,
    respond: (data) => void answers.push({ data }),
    fail: (error) => void answers.push({ error }),
    stop: () => {},
  };
  const value = { symbol: 'A/B', ...Object.fromEntries(new URLSearchParams(query)) };
  const context = { ...operatorContext(), lookup: () => store };
  const chain = [operator(params, limits), operator(find, page), operator(reply, '{ as: data, pagination: true }')];
  await runOperators(chain, [value], { context, lane: testLane(request) });
  expect(isBalanced(context)).toBe(true);
  return answers[0] ?? {};
}

describe('find', () => {
  it('gives one message for each row, in order', async () => {
    const store = table([
      { symbol: 'B', _id: '1' },
      { symbol: 'A', _id: '2' },
    ]);
    const context = { ...operatorContext(), lookup: () => store };
    const { out, outcomes } = await runOperators([operator(find, '{ in: symbols, sort: [symbol] }')], [{}], {
      context,
    });
    expect(out.map(({ value, meta }) => [meta.index, value])).toEqual([
      [0, { symbol: 'A', _id: '2' }],
      [1, { symbol: 'B', _id: '1' }],
    ]);
    const sort = [{ field: 'symbol', descending: false }];
    expect(store.queries).toEqual([{ where: {}, sort, limit: 100_001, belowLimit: true }]);
    expect(outcomes).toEqual([1]);
    expect(isBalanced(context)).toBe(true);
  });

  it('refuses what would be more rows than it gives, instead of giving a part of them', async () => {
    const rows = (count: number) => Array.from({ length: count }, (_, index) => ({ symbol: 'A', _id: String(index) }));
    const given = async (count: number) => {
      const context = { ...operatorContext(), lookup: () => table(rows(count)) };
      const { out } = await runOperators([operator(find, '{ in: symbols }')], [{}], { context });
      return [out.length, context.rejections.map(({ code }) => code)];
    };
    expect(await given(100_000)).toEqual([100_000, []]);
    expect(await given(100_001)).toEqual([0, ['FDP_RESULT_TOO_LARGE']]);
  });

  it('passes on an empty batch when there is no row', async () => {
    const context = { ...operatorContext(), lookup: () => table([]) };
    const { batches, outcomes } = await runOperators([operator(find, '{ in: symbols }')], [{}], { context });
    expect(batches.map(({ messages }) => messages)).toEqual([[]]);
    expect(outcomes).toEqual([0]);
  });

  it('leaves out a condition whose parameter was not given', async () => {
    const store = table([]);
    const context = { ...operatorContext(), lookup: () => store };
    const where = '{ in: t, where: { a: "{a}", b: "x-{b}", c: 5, d: true }, limit: 3 }';
    const { outcomes } = await runOperators(
      [operator(find, where)],
      [{ b: 1 }, { a: 'A', b: 2 }, {}, { a: {}, b: 1 }],
      { context },
    );
    expect(store.queries.map(({ where: wanted, limit }) => [wanted, limit])).toEqual([
      [{ b: 'x-1', c: 5, d: true }, 3],
      [{ a: 'A', b: 'x-2', c: 5, d: true }, 3],
    ]);
    expect(outcomes).toEqual([0, 0, 2, 2]);
  });

  it("rejects the message with the store's error", async () => {
    const away: Lookup = { ...table([]), find: () => Promise.reject(new FdpError('FDP_UNAVAILABLE', 'trades: away')) };
    const context = { ...operatorContext(), lookup: () => away };
    const { outcomes } = await runOperators([operator(find, '{ in: trades }')], [{}], { context });
    expect(outcomes).toEqual([2]);
    expect(context.rejections.map(({ code }) => code)).toEqual(['FDP_UNAVAILABLE']);
  });

  it('aborts the signal of a store that has failed', async () => {
    let given: AbortSignal | undefined;
    const failing: Lookup = {
      ...table([]),
      find: (_query, signal) => {
        given = signal;
        return Promise.reject(new FdpError('FDP_UNAVAILABLE', 'away'));
      },
    };
    const context = { ...operatorContext(), lookup: () => failing };
    await runOperators([operator(find, '{ in: trades }')], [{}], { context });
    expect(context.rejections.map(({ code }) => code)).toEqual(['FDP_UNAVAILABLE']);
    expect(given?.aborted).toBe(true);
  });

  it("gives up at its timeout, aborts the store's signal, and is balanced while it waits", async () => {
    const clock = new VirtualClock();
    const context = { ...operatorContext(testEnvironment(clock)), lookup: () => slow };
    let aborted = false;
    let balanced = false;
    const slow: Lookup = {
      ...table([]),
      find: (_query, signal) => {
        balanced = isBalanced(context) && context.node.inFlight === 1;
        onAbort(signal, () => {
          aborted = true;
        });
        return new Promise(() => {});
      },
    };
    const running = runOperators([operator(find, '{ in: trades, timeout: 2s }')], [{}], { context });
    await clock.advance(1999);
    expect(aborted).toBe(false);
    await clock.advance(1);
    expect((await running).outcomes).toEqual([2]);
    expect([aborted, balanced]).toEqual([true, true]);
    expect(context.rejections.map(({ code }) => code)).toEqual(['FDP_TIMEOUT']);
  });

  it('shows a page, and links to the next', async () => {
    const store = table([row(1, 'a'), row(2, 'b'), row(3, 'c'), row(9, 'x', 'OTHER')]);
    expect(await ask(store, 'limit=2')).toEqual({
      data: {
        data: [row(3, 'c'), row(2, 'b')],
        pagination: { next_cursor: 2, next: '/api/v1/trades/A%2FB?limit=2&before=2_b' },
      },
    });
    const last = { next_cursor: null, next: null };
    expect(await ask(store, 'limit=2&before=2_b')).toEqual({ data: { data: [row(1, 'a')], pagination: last } });
    expect(await ask(store, 'limit=3')).toMatchObject({ data: { pagination: last } });
    expect(await ask(store, 'before=2')).toEqual({ data: { data: [row(1, 'a')], pagination: last } });
    expect(await ask(store, 'before=1')).toEqual({ data: { data: [], pagination: last } });
    expect(store.queries.map(({ limit, after }) => [limit, after])).toEqual([
      [3, undefined],
      [3, { value: 2, id: 'b' }],
      [4, undefined],
      [16, { value: 2 }],
      [16, { value: 1 }],
    ]);
  });

  it('visits every row exactly once by its links, however many share a millisecond', async () => {
    const times = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(times, fc.integer({ min: 1, max: 7 }), async (given, limit) => {
        const rows = given.map((time, index) => row(time, `id${String(index).padStart(3, '0')}`));
        const store = table(rows);
        const seen: Row[] = [];
        let query: string | undefined = `limit=${limit}`;
        while (query !== undefined) {
          const { data } = (await ask(store, query)) as { data: { data: Row[]; pagination: { next: string | null } } };
          seen.push(...data.data);
          query = data.pagination.next?.split('?')[1];
        }
        expect(seen.map(({ _id }) => _id).sort()).toEqual(rows.map(({ _id }) => _id));
        expect(store.queries.length).toBe(Math.max(1, Math.ceil(rows.length / limit)));
      }),
    );
  });

  it('refuses a page that can not be', async () => {
    const context = { ...operatorContext(), lookup: () => table([]) };
    const values = [{ symbol: 'A' }, { symbol: 'A', limit: 0 }, { symbol: 'A', limit: 5, before: '7' }];
    await runOperators([operator(find, page)], values, { context });
    expect(context.rejections.map(({ code, message }) => `${code} ${message}`)).toEqual([
      'FDP_PARAMETER_INVALID limit: expected an integer from 1 to 100000, got nothing',
      'FDP_PARAMETER_INVALID limit: expected an integer from 1 to 100000, got 0',
      'FDP_PARAMETER_INVALID before: expected a cursor, got "7"',
    ]);
  });

  it('queries a range, of which each bound may be left out', async () => {
    const store = table([]);
    const yaml = '{ in: trades, where: { symbol: "{symbol}", time: { from: "{from}", to: "{to}" } } }';
    const values = [{ symbol: 'A' }, { symbol: 'A', from: 5 }, { symbol: 'A', to: 7 }, { symbol: 'A', from: 5, to: 5 }];
    const context = { ...operatorContext(), lookup: () => store };
    await runOperators([operator(find, yaml)], [...values, { from: 8, to: 7 }, { from: '5' }], { context });
    expect(store.queries.map(({ where, ranges }) => [where, ranges])).toEqual([
      [{ symbol: 'A' }, []],
      [{ symbol: 'A' }, [{ field: 'time', from: 5 }]],
      [{ symbol: 'A' }, [{ field: 'time', to: 7 }]],
      [{ symbol: 'A' }, [{ field: 'time', from: 5, to: 5 }]],
    ]);
    expect(context.rejections.map(({ code, message }) => `${code} ${message}`)).toEqual([
      'FDP_PARAMETER_INVALID time: the range ends at 7, before it begins at 8',
      'FDP_MESSAGE_INVALID time: expected a number as the bound of a range, got "5"',
    ]);
  });
});
