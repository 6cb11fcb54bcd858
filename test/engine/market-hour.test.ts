import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectors } from '../../connectors/index.ts';
import { operators } from '../../operators/index.ts';
import type { Plan } from '../../src/engine/plan.ts';
import { Runtime } from '../../src/engine/runtime.ts';
import { defineConnector } from '../../src/kit/declaration.ts';
import { resolve } from '../../src/pipeline/give/resolve.ts';
import { readSpec } from '../../src/pipeline/read.ts';
import { createMemorySpace, type MemorySpace } from '../../src/simulate/memory/space.ts';
import { VirtualClock } from '../../src/simulate/virtual-clock.ts';
import { testEnvironment } from '../../src/testing/environment.ts';
import { pipelineCopy, withoutGuarantees } from '../support/cli/pipeline-copy.ts';
import { temporaryFolder } from '../support/cli/platform.ts';
import { expectedStores, type Stores } from '../support/engine/oracle.ts';

const hourMs = 3_600_000;

/** The lines that the TCP server would have sent, by the connector's name for the run. */
const sent = new Map<string, string[]>();

/** Stands in for the TCP server: keeps every line. */
const lines = defineConnector({
  type: 'lines',
  summary: 'Keeps what it is given.',
  options: { type: 'object', additionalProperties: false, required: ['run'], properties: { run: { type: 'string' } } },
  example: 'lines: { type: lines, run: first }',
  sink: { options: { type: 'object', additionalProperties: false, properties: {} } },
  async create({ run }) {
    const kept: string[] = [];
    sent.set(run, kept);
    const sink = {
      ordered: true,
      connect: async () => {},
      write: async (messages: readonly { readonly value: unknown }[]) => {
        for (const { value } of messages) kept.push(JSON.stringify(value));
        return {};
      },
      close: async () => {},
    };
    return { sink: () => sink, close: async () => {} };
  },
});

/** The shipped pipeline on connectors that touch nothing. */
function overlay(space: string): string {
  return `connectors:
  ticks: { type: memory_log, space: ${space}, retention: 1d }
  rejected: { type: memory_log, space: ${space} }
  trades: { type: memory_table, space: ${space}, table: trades }
  symbols: { type: memory_table, space: ${space}, table: symbols }
  status: { type: memory_table, space: ${space} }
  vwap_feed: { type: lines, run: ${space} }
`;
}

interface Hour {
  readonly exitCode: number;
  readonly timers: number;
  readonly hash: string;
  readonly stored: Stores;
  readonly expected: Stores;
  readonly lines: readonly string[];
  readonly warnings: readonly string[];
}

const folder = temporaryFolder();
let pipelinePath = '';

function planOn(space: MemorySpace): Plan {
  writeFileSync(join(dirname(pipelinePath), 'config', `${space.name}.yml`), overlay(space.name));
  const components = { connectors: [...connectors, lines], operators };
  const spec = readSpec({ pipelinePath, profile: space.name, env: {}, components });
  const { plan, problems } = resolve(spec, { topologies: ['ingestor', 'processor', 'analytics'] });
  if (!plan) throw new Error(problems.map(({ message }) => message).join('\n'));
  return plan;
}

/** One hour from the opening to a clean stop. */
async function hourOfMarket(): Promise<Hour> {
  const space = createMemorySpace();
  const clock = new VirtualClock();
  const environment = testEnvironment(clock);
  const runtime = new Runtime(planOn(space), environment);
  const ended = runtime.run();
  await clock.advance(hourMs);
  runtime.drain();
  const { exitCode } = await clock.until(ended);
  const kept = sent.get(space.name) ?? [];
  const topic = space.topics.get('raw_stock_ticks');
  const records = (topic?.partitions ?? []).flatMap((part, partition) =>
    part.records.map(({ offset, value }) => ({ partition, offset, value: String(value) })),
  );
  const tables = [...space.tables].map(([name, { rows }]) => [name, [...rows.values()]]);
  const hash = createHash('sha256')
    .update(JSON.stringify([kept, records, tables]))
    .digest('hex');
  const warnings = environment.log.lines.filter(({ level }) => level !== 'debug' && level !== 'info');
  space.dispose();
  return {
    ...{ exitCode, timers: clock.timers, hash, lines: kept },
    stored: storesOf(space),
    expected: expectedStores(records),
    warnings: warnings.map(({ text }) => text),
  };
}

function storesOf(space: MemorySpace): Stores {
  const rows = (table: string) => [...(space.tables.get(table)?.rows.values() ?? [])].map(({ values }) => values);
  return {
    trades: rows('trades')
      .map((row) => String(row['message_key']))
      .sort(),
    symbols: Object.fromEntries(
      rows('symbols').map((row) => [row['symbol'], [Number(row['tradeCount']), Number(row['lastTradeAt'])]]),
    ),
  };
}

beforeAll(async () => {
  pipelinePath = pipelineCopy(folder.path, ['rate: 50/s', 'rate: 5/s'], ...withoutGuarantees());
  // Connectors load their code when they are first made; virtual time does not wait for that.
  for (const { name, declaration, options } of planOn(createMemorySpace()).connectors.values())
    await (await declaration.create(options, { ...testEnvironment(), name })).close();
});

afterAll(() => folder[Symbol.dispose]());

describe('an hour of market on the virtual clock', () => {
  it('is stored and broadcast whole, and comes out the same twice', async () => {
    const first = await hourOfMarket();
    expect(first).toMatchObject({ exitCode: 0, timers: 0, warnings: [] });
    expect(first.stored).toEqual(first.expected);
    expect(first.stored.trades.length).toBeGreaterThan(17_000);
    expect(first.lines).toHaveLength(first.stored.trades.length);
    const second = await hourOfMarket();
    expect(second.hash).toBe(first.hash);
  }, 240_000);
});
