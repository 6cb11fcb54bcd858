import { createConnection } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import { connectors } from '../../../connectors/index.ts';
import { operators } from '../../../operators/index.ts';
import { withLookup } from '../../../src/cli/export/export.ts';
import { quietEnvironment } from '../../../src/cli/shared/quiet.ts';
import { record } from '../../../src/cli/tape/record.ts';
import { replayPlan } from '../../../src/cli/tape/replay-plan.ts';
import { TapePlay } from '../../../src/cli/tape/tape-play.ts';
import type { SpecRequest } from '../../../src/cli/validate.ts';
import type { Plan } from '../../../src/engine/plan.ts';
import { Runtime } from '../../../src/engine/runtime.ts';
import { resolve } from '../../../src/pipeline/give/resolve.ts';
import { readSpec } from '../../../src/pipeline/read.ts';
import { readManifest } from '../../../src/simulate/recording/manifest.ts';
import { pipelineCopy } from '../../support/cli/pipeline-copy.ts';
import { eventually, freePort, temporaryFolder } from '../../support/cli/platform.ts';

const trades = 600;

/** The shipped pipeline in a folder, with a mock market that ends, and ports of its own. */
async function shipped(folder: string): Promise<SpecRequest & { readonly port: number }> {
  const limited = ['rate: 50/s, seed: 42 }', `rate: 400/s, seed: 42, limit: ${trades} }`] as const;
  const port = await freePort();
  const env = { FDP_DATA: join(folder, 'data'), TCP_PORT: String(port), API_PORT: String(await freePort()) };
  const pipelinePath = pipelineCopy(folder, limited);
  return { ...{ pipelinePath, profile: 'embedded', env, components: { connectors, operators }, folder }, port };
}

function planned(request: SpecRequest, topologies: readonly string[]): Plan {
  const { plan, problems } = resolve(readSpec(request), { topologies });
  if (!plan) throw new Error(problems.map(({ message }) => message).join('\n'));
  return plan;
}

/** All lines of the feed of a port, as soon as somebody listens there. */
function linesOf(port: number) {
  const lines: string[] = [];
  let stopped = false;
  const connect = () => {
    const socket = createConnection({ port, host: '127.0.0.1' });
    socket.on('error', () => !stopped && setTimeout(connect, 20));
    socket.on('connect', () => createInterface({ input: socket }).on('line', (line) => lines.push(line)));
  };
  connect();
  return {
    lines,
    [Symbol.dispose]: () => {
      stopped = true;
    },
  };
}

/** Lines by symbol: partitions have no order among each other. */
function bySymbol(lines: readonly string[]): Readonly<Record<string, readonly string[]>> {
  const groups: Record<string, string[]> = {};
  for (const line of lines) {
    const { symbol } = JSON.parse(line) as { readonly symbol: string };
    groups[symbol] = [...(groups[symbol] ?? []), line];
  }
  return groups;
}

/** All rows of a table, in any order, without what only the store gives them. */
async function rowsOf({ connectors: all }: Plan, name: string): Promise<readonly string[]> {
  const connector = all.get(name);
  if (!connector) throw new Error(`the plan has no ${name}`);
  const query = { where: {}, sort: [], limit: 10 * trades };
  const rows = await withLookup(connector, await quietEnvironment(), (lookup) =>
    lookup.find(query, new AbortController().signal),
  );
  return rows.map(({ _id, ...row }) => JSON.stringify(row)).sort();
}

describe('a replay', () => {
  it('broadcasts the lines that were broadcast live, and stores what was stored', async () => {
    using folder = temporaryFolder();
    const request = await shipped(folder.path);
    const environment = await quietEnvironment();
    const names = ['analytics', 'candles', 'processor'];
    using live = linesOf(request.port);
    // The market begins when the feed has its client.
    const readers = new Runtime(planned(request, names), environment);
    const reading = readers.run();
    await eventually('a client', async () =>
      readers.snapshot().some(({ nodes }) => nodes.some(({ extra }) => extra['clients'] === 1)),
    );
    const writer = new Runtime(planned(request, ['ingestor']), environment);
    const writing = writer.run();
    await eventually('the lines', async () => live.lines.length >= trades);
    writer.drain();
    readers.drain();
    await Promise.all([writing, reading]);
    await record(request, { from: 'ticks', output: 'tape' });

    const path = join(folder.path, 'tape');
    const manifest = readManifest(path);
    const beside = new TapePlay({
      ...{ manifest, path, speed: 'max', exits: true, hasScreen: true, isKept: true },
      planned: () => replayPlan(planned(request, names), manifest, join(folder.path, 'replayed')),
    });
    const { plan } = beside;
    using replayed = linesOf(request.port);
    const runtime = new Runtime(plan, { ...environment, clock: beside.clock });
    const running = runtime.run();
    await eventually('a client', async () =>
      runtime.snapshot().some(({ nodes }) => nodes.some(({ extra }) => extra['clients'] === 1)),
    );
    const playing = beside.start({ runtime, environment: { ...environment, clock: beside.clock } });
    expect((await running).exitCode).toBe(0);
    beside.stop();
    await playing;
    for (const table of ['symbols', 'trades', 'candles']) {
      const stored = await rowsOf(planned(request, names), table);
      expect(stored.length).toBeGreaterThan(5);
      expect(await rowsOf(plan, table)).toEqual(stored);
    }
    beside.end();
    await eventually('the lines', async () => replayed.lines.length >= trades);
    expect(replayed.lines).toHaveLength(trades);
    expect(bySymbol(replayed.lines)).toEqual(bySymbol(live.lines));
    expect(beside.replay.state()).toMatchObject({ at: manifest.to, isOver: true });
  });

  it('is refused where no topology that starts reads the log of the tape', async () => {
    using folder = temporaryFolder();
    const request = await shipped(folder.path);
    const manifest = { tape: 1, connector: 'ticks' } as ReturnType<typeof readManifest>;
    expect(() => replayPlan(planned(request, ['api']), manifest, undefined)).toThrow('reads the log "ticks"');
  });
});
