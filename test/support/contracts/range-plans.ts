import { describe, expect, it } from 'vitest';
import { connectors } from '../../../connectors/index.ts';
import { readTable, type TableDefinition, type TableOptions } from '../../../connectors/shared/table/definition.ts';
import { operators } from '../../../operators/index.ts';
import { withSink } from '../../../src/cli/dead-letters/letters.ts';
import { withLookup } from '../../../src/cli/export/export.ts';
import { selectedRows } from '../../../src/cli/export/rows.ts';
import type { ConnectorPlan } from '../../../src/engine/plan.ts';
import type { Lookup, Query } from '../../../src/kit/lookup.ts';
import { toMessage } from '../../../src/kit/message.ts';
import type { Row } from '../../../src/kit/row.ts';
import { resolveConnectors } from '../../../src/pipeline/give/resolve.ts';
import { readSpec } from '../../../src/pipeline/read.ts';
import type { Spec } from '../../../src/pipeline/spec.ts';
import { operatorContext, testEnvironment } from '../../../src/testing/environment.ts';
import { runOperators } from '../engine/operators.ts';

/** A store with the tables of the shipped pipeline. */
export interface PlanWorld {
  readonly profile: string;
  readonly env: Readonly<Record<string, string>>;
  /** How the store would answer: a line per step. */
  explain(table: string, definition: TableDefinition, query: Query): Promise<readonly string[]>;
  /** A step that reads rows without an index. */
  readonly scans: RegExp;
  /** A step that sorts what it has read. */
  readonly sorts: RegExp;
  dispose(): Promise<void>;
}

const minute = 60_000;
const end = Math.floor(Date.now() / minute) * minute;
const count = 2500;
const tables = ['trades', 'symbols', 'candles', 'gaps'] as const;

/** Rows of two symbols, more than two pages of each, the newest of them just now. */
const rows: Readonly<Record<(typeof tables)[number], readonly Row[]>> = {
  trades: of((symbol, time) => ({
    message_key: `${symbol}${time}`,
    symbol,
    price: '1.5',
    time,
    volume: '2',
    received: time,
  })),
  symbols: ['AAPL', 'MSFT'].map((symbol) => ({ symbol, tradeCount: count, lastTradeAt: end })),
  candles: of((symbol, start) => ({
    ...{ key: `${symbol}${start}`, symbol, interval: '1m', start, open: '1', high: '2', low: '1', close: '2' },
    ...{ volume: '1', turnover: '1', counted_volume: '1', trades: 1, late_trades: 0, first_at: start, last_at: start },
  })),
  gaps: of((symbol, from) => ({
    ...{ key: `${symbol}${from}`, id: `mock-${from}`, feed: 'mock', symbol, from, to: from + 1000 },
    ...{ reason: 'test', state: 'closed', filled: 0 },
  })),
};

function of(row: (symbol: string, time: number) => Row): readonly Row[] {
  return ['AAPL', 'MSFT'].flatMap((symbol) =>
    Array.from({ length: count }, (_, n) => row(symbol, end - (count - n) * minute)),
  );
}

/** What a client of each route may ask for, as text. */
const range = { from: '-2d', to: '-1m' };
const asked: readonly Readonly<Record<string, string>>[] = [
  {},
  range,
  { from: range.from },
  { interval: '1h', ...range },
];

interface Asked {
  readonly by: string;
  readonly table: string;
  readonly query: Query;
}

/** Promises that every range that the shipped pipeline reads is read with an index, on a store of any kind. */
export function rangePlans(name: string, open: () => Promise<PlanWorld>): void {
  describe(`ranges in ${name}`, () => {
    it('of every shipped route, and of exports, are read by an index, and come in its order', async () => {
      const world = await open();
      const spec = readSpec({
        pipelinePath: 'pipeline.yml',
        profile: world.profile,
        env: world.env,
        components: { connectors, operators },
      });
      const plans = new Map(tables.map((table) => [table, planOf(spec, table)]));
      for (const [table, plan] of plans) await store(plan, rows[table]);
      const queries: Asked[] = [];
      await withTables([...plans.values()], async (lookups) => {
        await askRoutes(spec, lookups, queries);
        await askExports(plans, lookups, queries);
      });
      const slow: string[] = [];
      for (const { by, table, query } of queries) {
        const { options } = plans.get(table as (typeof tables)[number]) as ConnectorPlan;
        const steps = await world.explain(table, readTable(table, options as TableOptions), query);
        expect(steps.length).toBeGreaterThan(0);
        const isSlow = (step: string) => world.scans.test(step) || (world.sorts.test(step) && !maySort(table, query));
        for (const step of steps.filter(isSlow))
          slow.push(`${by}: ${step} of ${table} for ${JSON.stringify({ ...query, fields: undefined })}`);
      }
      expect(slow).toEqual([]);
      expect(new Set(queries.map(({ table }) => table))).toEqual(new Set(tables));
      expect(queries.filter(({ by }) => by.includes('candles/{symbol}/export')).length).toBeGreaterThan(4);
      await world.dispose();
    });

    it('that no index leads to are noticed by this test', async () => {
      const world = await open();
      const spec = readSpec({
        pipelinePath: 'pipeline.yml',
        profile: world.profile,
        env: world.env,
        components: { connectors, operators },
      });
      const plan = planOf(spec, 'candles');
      await store(plan, rows.candles);
      const definition = readTable('candles', plan.options as TableOptions);
      for (const query of [
        {
          where: { symbol: 'AAPL' },
          ranges: [{ field: 'last_at', from: end }],
          sort: [{ field: 'last_at', descending: false }],
        },
        { where: { interval: '1m' }, sort: [{ field: 'volume', descending: true }] },
      ]) {
        const steps = await world.explain('candles', definition, { ...query, limit: 10 });
        expect(steps.some((step) => world.scans.test(step) || world.sorts.test(step))).toBe(true);
      }
      await world.dispose();
    });
  });
}

/** The gaps of a symbol that were not over at a time are found by their end, and are few: they are sorted by their beginning. */
function maySort(table: string, { where, ranges = [] }: Query): boolean {
  return table === 'gaps' && Object.hasOwn(where, 'symbol') && ranges.some(({ field }) => field === 'to');
}

function planOf(spec: Spec, name: string): ConnectorPlan {
  const connector = spec.connectors.get(name);
  const { connectors: plans, problems } = resolveConnectors(spec, connector ? [connector] : []);
  if (!plans[0]) throw new Error(problems.map(({ message }) => message).join('\n'));
  return plans[0];
}

async function store(plan: ConnectorPlan, values: readonly Row[]): Promise<void> {
  await withSink(plan, testEnvironment(), async (sink) => {
    for (let at = 0; at < values.length; at += 1000) {
      const messages = values
        .slice(at, at + 1000)
        .map((value) => toMessage({ key: null, value, timestamp: 0, meta: { lane: 'test' } }, undefined));
      const { failed } = await sink.write(messages, new AbortController().signal);
      if (failed && failed.size > 0) throw [...failed.values()][0];
    }
  });
}

type Lookups = Readonly<Record<string, Lookup>>;

async function withTables(
  [plan, ...others]: readonly ConnectorPlan[],
  work: (lookups: Lookups) => Promise<void>,
  open: Lookups = {},
): Promise<void> {
  if (!plan) return work(open);
  await withLookup(plan, testEnvironment(), (lookup) => withTables(others, work, { ...open, [plan.name]: lookup }));
}

/** The same table, noting what it is asked. */
function noting(table: string, lookup: Lookup | undefined, queries: Asked[], by: string): Lookup {
  if (!lookup) throw new Error(`no such table: ${table}`);
  const find: Lookup['find'] = (query, signal) => {
    queries.push({ by, table, query });
    return lookup.find(query, signal);
  };
  return { connect: () => Promise.resolve(), close: () => Promise.resolve(), find };
}

async function askRoutes(spec: Spec, lookups: Lookups, queries: Asked[]): Promise<void> {
  for (const { route, operators: chain } of spec.topologies.get('api')?.routes ?? []) {
    const steps = chain.flatMap(({ declaration, options }) => (declaration ? [[declaration, options] as const] : []));
    const symbols = route.includes('{symbol}') ? ['AAPL'] : route.includes('gaps') ? ['AAPL', undefined] : [undefined];
    for (const symbol of symbols)
      for (const more of asked) {
        const lookup = (table: string) => noting(table, lookups[table], queries, route);
        const context = { ...operatorContext(testEnvironment()), lookup };
        await runOperators(steps, [{ ...(symbol && { symbol }), ...more }], { context });
        expect([route, context.rejections]).toEqual([route, []]);
      }
  }
}

async function askExports(
  plans: ReadonlyMap<string, ConnectorPlan>,
  lookups: Lookups,
  queries: Asked[],
): Promise<void> {
  for (const [table, by, where] of [
    ['trades', 'time', { symbol: 'AAPL' }],
    ['candles', 'start', { symbol: 'AAPL', interval: '1m' }],
    ['gaps', 'from', { symbol: 'AAPL' }],
    ['gaps', 'to', { symbol: 'AAPL' }],
  ] as const) {
    const lookup = noting(table, lookups[table], queries, `export ${table}`);
    const signal = new AbortController().signal;
    const options = plans.get(table)?.options as TableOptions;
    const pages = selectedRows(table, options, { lookup, selected: { where, by }, signal });
    let read = 0;
    for await (const page of pages) read += page.length;
    expect([table, read]).toEqual([table, count]);
  }
}
