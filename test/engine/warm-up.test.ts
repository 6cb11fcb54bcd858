import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
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
import { temporaryFolder } from '../support/cli/platform.ts';

/** What came out, by the space that a run is on. */
const given = new Map<string, unknown[]>();

const kept = defineConnector({
  type: 'kept',
  summary: 'Keeps what it is given.',
  options: { type: 'object', additionalProperties: false, required: ['run'], properties: { run: { type: 'string' } } },
  example: 'kept: { type: kept, run: first }',
  sink: { options: { type: 'object', additionalProperties: false, properties: {} } },
  create: async ({ run }) => ({
    sink: () => ({
      ordered: true,
      connect: async () => {},
      write: async (messages) => {
        given.set(run, [...(given.get(run) ?? []), ...messages.map(({ value }) => value)]);
        return {};
      },
      close: async () => {},
    }),
    close: async () => {},
  }),
});

interface Trade {
  readonly s: string;
  readonly p: number;
  readonly v: number;
  readonly t: number;
  readonly received: number;
}

const folder = temporaryFolder();
beforeAll(async () => {
  // Connectors load their code when they are first made; virtual time does not wait for that.
  for (const { name, declaration, options } of planOn(createMemorySpace(), 'filter: "true"', '0').connectors.values())
    await (await declaration.create(options, { ...testEnvironment(), name })).close();
});
afterAll(() => folder[Symbol.dispose]());

function planOn(space: MemorySpace, operator: string, warmUp: string): Plan {
  const path = join(folder.path, `${space.name}.yml`);
  writeFileSync(
    path,
    `name: warm-up
connectors:
  ticks: { type: memory_log, topic: ticks, partitions: 1, space: ${space.name} }
  out: { type: kept, run: ${space.name} }
topologies:
  figures:
    source: { connector: ticks, group: figures, from: earliest, warm_up: ${warmUp} }
    operators:
      - explode: { field: data, as: { symbol: s, price: p, volume: v, time: t } }
      - ${operator}
    sink: out
`,
  );
  const spec = readSpec({ pipelinePath: path, env: {}, components: { connectors: [...connectors, kept], operators } });
  const { plan, problems } = resolve(spec, { topologies: ['figures'] });
  if (!plan) throw new Error(problems.map(({ message }) => message).join('\n'));
  return plan;
}

/** What comes out of the trades when the process is stopped, and started again, after each of the parts. */
async function outOf(parts: readonly (readonly Trade[])[], operator: string, warmUp: string): Promise<unknown[]> {
  const space = createMemorySpace();
  const records: MemorySpace['topics'] extends Map<string, infer T> ? T : never = {
    ...{ id: 'log', groups: new Map(), revoked: new Set() },
    partitions: [{ first: 0, records: [], bytes: 0 }],
  };
  space.topics.set('ticks', records);
  const clock = new VirtualClock();
  const part = records.partitions[0];
  for (const trades of parts) {
    for (const { received, ...trade } of trades)
      part?.records.push({
        ...{ offset: part.records.length, timestamp: received, appended: clock.now(), key: trade.s },
        value: JSON.stringify({ type: 'trade', data: [trade] }),
      });
    const runtime = new Runtime(planOn(space, operator, warmUp), testEnvironment(clock));
    const ended = runtime.run();
    await clock.advance(1000);
    runtime.drain();
    expect((await clock.until(ended)).exitCode).toBe(0);
    // Another process may take the lease then.
    await clock.advance(10_000);
  }
  const out = given.get(space.name) ?? [];
  given.delete(space.name);
  space.dispose();
  return out;
}

/** Received in order, up to two seconds after the trade, which may be late by that. */
const tape = fc
  .array(
    fc.record({
      pause: fc.integer({ min: 0, max: 3000 }),
      delay: fc.integer({ min: 0, max: 2000 }),
      s: fc.constantFrom('A', 'B'),
      p: fc.integer({ min: 1, max: 1000 }),
      v: fc.integer({ min: 0, max: 9 }),
    }),
    { minLength: 2, maxLength: 60 },
  )
  .map((all) => {
    let received = 1_764_000_000_000;
    return all.map(({ pause, delay, ...trade }): Trade => {
      received += pause;
      return { ...trade, t: received - delay, received };
    });
  });

describe('a warm-up by time', () => {
  it.each([
    'vwap: { window: 10s, by: symbol }',
    'rolling: { window: 10s, by: symbol, fields: { low: min, high: max, mean: mean, change: change } }',
  ])('as long as the window and the latest trade makes a restart invisible in %s', async (operator) => {
    await fc.assert(
      fc.asyncProperty(tape, fc.array(fc.nat(60), { minLength: 1, maxLength: 3 }), async (trades, cuts) => {
        const ends = [...new Set(cuts.map((cut) => cut % trades.length))].sort((one, other) => one - other);
        const parts = [...ends, trades.length].map((end, index) => trades.slice(index > 0 ? ends[index - 1] : 0, end));
        expect(await outOf(parts, operator, '12s')).toEqual(await outOf([trades], operator, '12s'));
      }),
      { numRuns: 15 },
    );
  });

  it('that is shorter leaves the restart to be seen', async () => {
    const at = (seconds: number, p: number): Trade => {
      const t = 1_764_000_000_000 + seconds * 1000;
      return { s: 'A', p, v: 1, t, received: t };
    };
    const parts = [[at(0, 10), at(4, 20)], [at(6, 60)]];
    const vwap = 'vwap: { window: 10s, by: symbol }';
    const last = async (warmUp: string) => (await outOf(parts, vwap, warmUp)).at(-1);
    expect(await last('10s')).toMatchObject({ vwap: 30 });
    expect(await last('1s')).toMatchObject({ vwap: 40 });
    expect(await last('0')).toMatchObject({ vwap: 60 });
  });
});
