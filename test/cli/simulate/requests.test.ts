import { map, type OperatorFunction } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { connectors } from '../../../connectors/index.ts';
import { operators } from '../../../operators/index.ts';
import { requestsOn } from '../../../src/cli/simulate/requests/given-tables.ts';
import { runStage, violationsOf } from '../../../src/cli/simulate/stage.ts';
import type { OperatorDeclaration } from '../../../src/kit/declaration.ts';
import type { Query } from '../../../src/kit/lookup.ts';
import { type Batch, derive, type Message } from '../../../src/kit/message.ts';
import type { OperatorContext } from '../../../src/kit/operator.ts';
import type { Row } from '../../../src/kit/row.ts';
import { resolve } from '../../../src/pipeline/give/resolve.ts';
import { readSpec } from '../../../src/pipeline/read.ts';
import type { TestFault } from '../../../src/pipeline/tests/model.ts';
import { TapeWriter } from '../../../src/simulate/packed-tape.ts';
import { simulated } from '../../support/cli/simulations.ts';

const start = Date.UTC(2025, 10, 20, 14, 30);
const minute = 60_000;
const names = ['AAPL', 'MSFT', 'M&M.NS'];

/** Trades of which several share a millisecond; bars with minutes left out; gaps in a bar, of which one is not over. */
const tables: Readonly<Record<string, readonly Row[]>> = {
  trades: Array.from({ length: 120 }, (_, at) => ({
    ...{ message_key: `k${at}`, symbol: names[at % 3], price: String(100 + (at % 7)), volume: '10' },
    ...{ time: start + Math.floor(at / 9) * 1000, conditions: null, received: start + at },
  })),
  symbols: names.map((symbol) => ({ symbol, tradeCount: 40, lastTradeAt: start + 13_000 })),
  candles: names.flatMap((symbol) =>
    [0, 1, 2, 5, 9, 61].map((at) => ({
      ...{ key: `${symbol}|1m|${at}`, symbol, interval: '1m', start: start + at * minute, open: '3', high: '7.5' },
      ...{ low: '2.25', close: '4', volume: '3', turnover: '10', counted_volume: '3', trades: 2, late_trades: at % 2 },
      ...{ first_at: start + at * minute, last_at: start + at * minute + 1 },
    })),
  ),
  gaps: names.map((symbol, at) => ({
    ...{ key: `mock|${symbol}`, id: 'mock', feed: 'mock', symbol, reason: 'simulated', filled: 0 },
    ...{ from: start + minute },
    ...(at < 2 ? { state: 'closed', to: start + minute + 20_000 + at } : { state: 'open', to: Date.UTC(9999, 11, 31) }),
  })),
};

/** What comes of seeded requests about these tables. */
async function asked(
  seed: number,
  { instead = [], faults = [] }: { instead?: readonly OperatorDeclaration[]; faults?: readonly TestFault[] } = {},
) {
  const kept = operators.filter(({ type }) => !instead.some((each) => each.type === type));
  const components = { connectors, operators: [...kept, ...instead] };
  const spec = readSpec({ pipelinePath: 'pipeline.yml', profile: 'embedded', env: {}, components });
  const { plan } = resolve(spec, { topologies: ['api'], isTest: true });
  if (!plan) throw new Error('there is no plan');
  const packed = Object.entries(tables).map(([name, rows]) => {
    const writer = new TapeWriter();
    for (const row of rows) writer.push(0, null, JSON.stringify(row));
    return [name, writer.end()] as const;
  });
  return await runStage({ plan, faults, seed, ...requestsOn(plan, new Map(packed), { seed, lengthMs: 600_000 }) });
}

function shipped(type: string): OperatorDeclaration {
  const declaration = operators.find((each) => each.type === type);
  if (!declaration) throw new Error(`there is no ${type}`);
  return declaration;
}

/** The shipped operator, with a mistake in what it gives. */
function wrong(type: string, mistake: (messages: readonly Message[]) => readonly Message[]): OperatorDeclaration {
  const declaration = shipped(type);
  return {
    ...declaration,
    create: (options, context): OperatorFunction<Batch, Batch> => {
      const right = declaration.create(options, context);
      return (batches) => right(batches).pipe(map((batch) => ({ ...batch, messages: mistake(batch.messages) })));
    },
  };
}

/** The same, asking a table in a wrong way. */
function asking(
  type: string,
  find: (query: Query, ask: (query: Query) => Promise<readonly Row[]>) => Promise<readonly Row[]>,
) {
  const declaration = shipped(type);
  const create = (options: unknown, context: OperatorContext) => {
    const lookup = (name: string) => {
      const table = context.lookup(name);
      return { find: (query: Query, signal: AbortSignal) => find(query, (each) => table.find(each, signal)) };
    };
    return declaration.create(options, { ...context, lookup });
  };
  return { ...declaration, create };
}

const changed = (message: Message, change: Row) => derive(message, { value: { ...(message.value as Row), ...change } });
const down: TestFault = { kind: 'lookup', lookup: 'trades', fail: { every: 1 }, at: '0ms' };

type Mistake = [mistake: string, route: string, planted: OperatorDeclaration, faults?: readonly TestFault[]];
const mistakes: Mistake[] = [
  [
    'leaves a row out',
    'trades/{symbol}',
    wrong('find', (messages) => (messages.length > 3 ? messages.slice(1) : messages)),
  ],
  ['gives a row twice', 'trades/{symbol}/export', wrong('find', (messages) => [...messages.slice(0, 1), ...messages])],
  ['turns two rows round', 'trades/{symbol}', wrong('find', (messages) => [...messages].reverse())],
  [
    'goes on behind the time of the last row',
    'trades/{symbol}',
    asking('find', (query, ask) => ask(query.after ? { ...query, after: { value: query.after.value } } : query)),
  ],
  [
    'finds the end of a range',
    'trades/{symbol}',
    asking('find', (query, ask) =>
      ask({
        ...query,
        ranges: (query.ranges ?? []).map((range) => ({
          ...range,
          ...(range.to !== undefined && { to: range.to + 1 }),
        })),
      }),
    ),
  ],
  ['gives another symbol', 'symbols/{symbol}', asking('find', (query, ask) => ask({ ...query, where: {} }))],
  [
    'takes a store that fails for an empty one',
    'trades/{symbol}',
    asking('find', (query, ask) => ask(query).catch(() => [])),
    [down],
  ],
  [
    'takes what is beyond the limit',
    'trades/{symbol}',
    {
      ...shipped('params'),
      create: (options, context) => {
        const rules = Object.entries(options as Row).map(([name, rule]) => [name, { ...(rule as Row), maximum: 1e9 }]);
        return shipped('params').create(Object.fromEntries(rules), context);
      },
    },
  ],
  [
    'is wrong in the last digit of a VWAP',
    'candles/{symbol}',
    wrong('bars', (messages) => messages.map((message) => changed(message, { vwap: '3.333334' }))),
  ],
  [
    'does not see gaps',
    'candles/{symbol}/export',
    wrong('bars', (messages) => messages.map((message) => changed(message, { gap_ms: 0 }))),
  ],
];

describe('simulated requests', () => {
  it.each([1, 2, 3, 4])('get what the rows of the tables make of them: seed %i', async (seed) => {
    const result = await asked(seed);
    expect(violationsOf(result)).toEqual([]);
    for (const { expected } of result.judgements) expect(expected).toBeGreaterThanOrEqual(24);
  });

  it('get data, files and errors, and an error while a table fails or takes too long', async () => {
    const { replies = [] } = await asked(5);
    const kinds = (all: typeof replies) =>
      [...new Set(all.map((each) => ('code' in each ? each.code : Object.keys(each)[0])))].sort();
    expect(kinds(replies)).toEqual(['FDP_NOT_FOUND', 'FDP_PARAMETER_INVALID', 'data', 'rows']);
    const slow: TestFault = { kind: 'lookup', lookup: 'candles', slow: '6s', at: '0ms' };
    const troubled = await asked(5, { faults: [down, slow] });
    expect(violationsOf(troubled)).toEqual([]);
    expect(kinds(troubled.replies ?? [])).toEqual([
      ...['FDP_NOT_FOUND', 'FDP_PARAMETER_INVALID', 'FDP_TIMEOUT', 'FDP_UNAVAILABLE', 'data'],
    ]);
  });

  it.each(mistakes)('show a program that %s: %s', async (_mistake, route, planted, faults = []) => {
    const kinds = violationsOf(await asked(1, { instead: [planted], faults })).map(({ kind }) => kind);
    expect(kinds).toContain(`GET /api/v1/${route}: replies are wrong`);
  });

  it('are not made where nothing fills what they are about, and a route with another operator is not checked', async () => {
    const short = { hours: '0.01', rate: '10/s', json: true };
    const { text } = await simulated(short, { topologies: ['ingestor', 'api'] });
    expect(JSON.parse(text).skipped).toEqual([
      { topology: 'api', why: 'no topology of the run writes what it is asked about' },
    ]);
    const edits = [["- filter: 'from < to'  ", "- require: 'from < to'  "]] as const;
    const other = await simulated(short, { edits, topologies: ['ingestor', 'candles', 'api'] });
    expect(JSON.parse(other.text).topologies[2].checks.at(-1)).toMatchObject({
      ...{ branch: 'GET /api/v1/gaps', expected: null },
      what: 'not checked: nothing is known here of params, find, require, map, reply',
    });
  });
});
