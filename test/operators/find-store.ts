import type { Lookup, Query } from '../../src/kit/lookup.ts';
import type { Row } from '../../src/kit/row.ts';

/** A table in memory, as `Lookup` describes it. */
export function table(rows: readonly Row[]): Lookup & { readonly queries: Query[] } {
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
export const page =
  '{ in: trades, where: { symbol: "{symbol}" }, sort: [-time, -_id], page: { limit: "{limit}", before: "{before}" } }';

export const row = (time: number, id: string, symbol = 'A/B'): Row => ({ symbol, time, _id: id });
