import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { find } from '../../operators/find.ts';
import { params } from '../../operators/params.ts';
import { reply } from '../../operators/reply.ts';
import { FdpError } from '../../src/errors.ts';
import { onAbort } from '../../src/kit/clock.ts';
import type { Lookup, Query } from '../../src/kit/lookup.ts';
import type { RequestContext } from '../../src/kit/request.ts';
import type { Row } from '../../src/kit/row.ts';
import { VirtualClock } from '../../src/simulate/virtual-clock.ts';
import { operatorContext, testEnvironment } from '../../src/testing/environment.ts';
import { isBalanced, runOperators, testLane } from '../support/engine/operators.ts';
import { check, operator } from './declared.ts';

/** A table in memory, as `Lookup` describes it. */
function table(rows: readonly Row[]): Lookup & { readonly queries: Query[] } {
  const queries: Query[] = [];
  return {
    queries,
    connect: () => Promise.resolve(),
    close: () => Promise.resolve(),
    find: (query) => {
      queries.push(query);
      const compare = (a: Row, b: Row): number => {
        for (const { field, descending } of query.sort) {
          const [x, y] = [a[field] as number | string, b[field] as number | string];
          if (x !== y) return (x < y ? -1 : 1) * (descending ? -1 : 1);
        }
        return 0;
      };
      const [first] = query.sort;
      const { after } = query;
      const isAfter = (row: Row): boolean => {
        if (after === undefined || first === undefined) return true;
        const edge = { [first.field]: after.value, _id: after.id ?? '' };
        return after.id === undefined ? compareField(row, after.value, first) : compare(row, edge) > 0;
      };
      const equals = (row: Row) => Object.entries(query.where).every(([name, value]) => row[name] === value);
      const matching = rows.filter(equals);
      const { skip = 0, limit } = query;
      return Promise.resolve(
        matching
          .filter(isAfter)
          .sort(compare)
          .slice(skip, skip + limit),
      );
    },
  };
}

function compareField(row: Row, value: number, { field, descending }: { field: string; descending: boolean }): boolean {
  return descending ? (row[field] as number) < value : (row[field] as number) > value;
}

interface Answer {
  readonly data?: unknown;
  readonly error?: FdpError;
}

const limits = '{ limit: { type: integer, minimum: 1, maximum: 500, default: 15 }, before: { type: cursor } }';
const page =
  '{ in: trades, where: { symbol: "{symbol}" }, sort: [-time, -_id], page: { limit: "{limit}", before: "{before}" } }';

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

const row = (time: number, id: string, symbol = 'A/B'): Row => ({ symbol, time, _id: id });

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

  it('reports a range without a suitable index, with the index to add', () => {
    const trades = { symbol: 'string', venue: 'string', price: 'decimal', time: 'date' } as const;
    const input = { symbol: 'string', venue: 'string', from: 'date', limit: 'string' } as const;
    const problems = (where: string, indexes: readonly (readonly string[])[] = [['symbol', 'time', '_id']]) => {
      const scope = { route: 'GET /x', tables: { trades }, indexes: { trades: indexes } };
      return check(find, `{ in: trades, where: ${where}, sort: [-time] }`, input, scope).problems;
    };
    expect(problems('{ symbol: "{symbol}", time: { from: "{from}", to: 9 } }')).toEqual([]);
    expect(problems('{ time: { to: 9 } }', [['time']])).toEqual([]);
    expect(problems('{ time: { to: 9 } }')).toEqual([
      'where.time: no index of trades leads to a range of time | add [-time] to its indexes',
    ]);
    expect(problems('{ symbol: "{symbol}", venue: "{venue}", time: { to: 9 } }', [['message_key']])).toEqual([
      'where.time: no index of trades leads to a range of time | add [symbol, venue, -time] to its indexes',
    ]);
    expect(problems('{ symbol: "{symbol}", time: { from: "{limit}", to: "{fom}" } }')).toEqual([
      'where.time.from: expected a number or a date, got a string',
      'where.time.to: there is no field fom | did you mean from?',
    ]);
    expect(problems('{ price: { from: 1 } }', [['price']])).toEqual([
      'where.price: price is a decimal, and a range is of numbers or dates',
    ]);
  });

  it('gives the shape of the rows, and is checked against the table and the parameters', () => {
    const trades = { symbol: 'string', price: 'decimal', time: 'date' } as const;
    const scope = { route: 'GET /api/v1/trades/{symbol}', tables: { trades } };
    const input = { symbol: 'string', limit: 'number', before: 'any' } as const;
    expect(check(find, page, input, scope)).toEqual({ shape: { ...trades, _id: 'string' }, problems: [] });
    const problems = (yaml: string) => check(find, yaml, input, scope).problems;
    expect(
      problems('{ in: trades, where: { symbl: "{symbol}", price: "{limit}", time: "{offset}" }, sort: [-tme] }'),
    ).toEqual([
      'where.symbl: there is no field symbl | did you mean symbol?',
      'where.price: price is a decimal, which never equals a number',
      'where.time: {offset} is not a parameter | it is a coordinate of a message in a log',
      'sort.0: there is no field tme | did you mean time?',
    ]);
    expect(problems(page.replace('-_id', '_id'))).toEqual([
      'sort: pages need a number or date field and then _id, both in the same direction | such as [-time, -_id]',
    ]);
    expect(check(find, page, undefined, scope).problems).toEqual([
      'page.limit: the route has no parameter limit | declare it with params before this operator',
      'page.before: the route has no parameter before | declare it with params before this operator',
    ]);
    expect(check(find, page, undefined, { tables: { trades } }).problems).toEqual([
      'page: pages are for routes only | use limit',
    ]);
  });

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
