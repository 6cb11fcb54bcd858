import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Lookup, Query } from '../../src/kit/lookup.ts';
import type { Row } from '../../src/kit/row.ts';
import { pageSize, rowPages } from '../../src/kit/row-pages.ts';

const never = new AbortController().signal;
const byTime = [{ field: 'time', descending: false }];

/** A table in memory whose order among rows of one time is another at each query, as a store's is without `_id` in the sort. */
function tableOf(times: readonly number[]): Pick<Lookup, 'find'> & { readonly queries: Query[] } {
  const rows = times.map((time, index): Row => ({ _id: String(index), time }));
  const queries: Query[] = [];
  const find: Lookup['find'] = async (query) => {
    queries.push(query);
    const [{ from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY } = {}] = query.ranges ?? [];
    const turn = queries.length % 2 === 0 ? -1 : 1;
    const found = rows.filter(({ time }) => Number(time) >= from && Number(time) < to);
    found.sort((a, b) => Number(a['time']) - Number(b['time']) || turn * (Number(a['_id']) - Number(b['_id'])));
    return found.slice(0, query.limit);
  };
  return { find, queries };
}

async function all(table: Pick<Lookup, 'find'>, ranges: Query['ranges'] = []): Promise<readonly Row[]> {
  const next = rowPages(table, { where: {}, ranges, sort: byTime });
  const rows: Row[] = [];
  for (let page = await next(never); page.length > 0; page = await next(never)) rows.push(...page);
  return rows;
}

describe('pages of rows that are sorted by a field alone', () => {
  it('have every row once, in order, however many have one value', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(5), fc.constantFrom(1, 3, pageSize - 1, pageSize, pageSize + 1, 2500)), {
          maxLength: 5,
        }),
        fc.option(fc.nat(5), { nil: undefined }),
        async (groups, from) => {
          const times = groups.flatMap(([time, count]) => Array.from({ length: count }, () => time));
          const rows = await all(tableOf(times), from === undefined ? [] : [{ field: 'time', from }]);
          const wanted = times.flatMap((time, index) => (time >= (from ?? 0) ? [String(index)] : []));
          expect(rows.map(({ _id }) => String(_id)).sort()).toEqual(wanted.sort());
          expect(rows.map(({ time }) => time)).toEqual(rows.map(({ time }) => Number(time)).sort((a, b) => a - b));
        },
      ),
      { numRuns: 30 },
    ));

  it('are small where the values differ, and refuse what would fill the memory', async () => {
    const table = tableOf(Array.from({ length: 3500 }, (_, index) => index));
    await all(table);
    expect(table.queries.map(({ limit }) => limit)).toEqual([1000, 1000, 1000, 1000]);
    await expect(all(tableOf(Array.from({ length: 70_000 }, () => 1)))).rejects.toMatchObject({
      code: 'FDP_RESULT_TOO_LARGE',
      message: expect.stringContaining('an index with _id after time'),
    });
  });
});
