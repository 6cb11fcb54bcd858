import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventually, Process, temporaryFolder } from '../support/cli/platform.ts';
import { get, workspaceIn } from '../support/cli/workspace.ts';

// What a process loads, as V8 counts it: packages that only the cluster, the screen, the mock market or a file of an
// export needs are loaded by nothing else.

const { optionalDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  readonly optionalDependencies: Readonly<Record<string, string>>;
};
const seldom = ['@faker-js/faker', 'bson', 'hyparquet-writer', 'pino-pretty', ...Object.keys(optionalDependencies)];

interface Coverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly {
      readonly functionName: string;
      readonly ranges: readonly { readonly count: number }[];
    }[];
  }[];
}

/** The scripts that a process has run, written when it ended. */
function scriptsIn(folder: string): Coverage['result'] {
  return readdirSync(folder).flatMap(
    (name) => (JSON.parse(readFileSync(join(folder, name), 'utf8')) as Coverage).result,
  );
}

function packagesOf(scripts: Coverage['result']): readonly string[] {
  const names = scripts.flatMap(({ url }) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1] ?? []);
  return [...new Set(names)].sort();
}

/** Runs a process to its end, or stops it once it is ready; returns what it has loaded. */
async function loadedBy(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  ready?: (process: Process, api: string) => Promise<boolean>,
) {
  using folder = temporaryFolder();
  const coverage = join(folder.path, 'coverage');
  const workspace = await workspaceIn(join(folder.path, 'data'));
  await using running = new Process(args, { ...workspace.env, ...env, NODE_V8_COVERAGE: coverage });
  if (ready) await eventually('it is ready', () => ready(running, workspace.api));
  const code = ready ? await running.stop() : await running.ended;
  const scripts = scriptsIn(coverage);
  const packages = packagesOf(scripts);
  return { code, output: running.output, scripts, packages, seldom: packages.filter((name) => seldom.includes(name)) };
}

const serves = async (_process: Process, api: string) => (await get(`${api}/api/v1/symbols`))?.status === 200;
const hasTrades = async (_process: Process, api: string) =>
  JSON.stringify((await get(`${api}/api/v1/trades/AAPL`))?.body ?? '').includes('price"');

describe('what is loaded', () => {
  it.each([['--version'], ['validate'], ['validate', '--profile', 'cluster'], ['list', 'connectors'], ['explain']])(
    '%s %s %s: nothing that only some profile needs',
    async (...args) => {
      const { code, seldom: found, packages } = await loadedBy(args);
      expect([code, found]).toEqual([0, []]);
      expect(packages).toContain('commander');
    },
  );

  it('by the platform on the mock market: Faker, and nothing of the cluster or the screen', async () => {
    const { code, seldom: found, packages } = await loadedBy([], {}, hasTrades);
    expect([code, found.filter((name) => !name.includes('sqlite'))]).toEqual([0, ['@faker-js/faker']]);
    expect(packages).toContain('express');
  });

  it('by the platform on a feed of its own: not Faker either', async () => {
    const env = { FDP_FEED: 'finnhub', FINNHUB_URL: 'ws://127.0.0.1:1', FINNHUB_TOKEN: 'none' };
    const { code, seldom: found, packages } = await loadedBy([], env, serves);
    expect([code, found.filter((name) => !name.includes('sqlite'))]).toEqual([0, []]);
    expect(packages).toContain('ws');
  });

  it('by the profile cluster: the client of Kafka, which this way to look finds', async () => {
    const env = { FDP_PROFILE: 'cluster', KAFKA_BROKERS: '127.0.0.1:1' };
    const isWaiting = async ({ output }: Process) => output.includes('ECONNREFUSED');
    const { seldom: found } = await loadedBy(['--topology', 'analytics'], env, isWaiting);
    expect(found).toContain('kafkajs');
  });

  it('once: a command reads the file of the pipeline, and parses it, a single time', async () => {
    const { scripts } = await loadedBy(['validate']);
    const count = (name: string) =>
      scripts
        .filter(({ url }) => url.includes('/dist/'))
        .flatMap(({ functions }) => functions.filter(({ functionName }) => functionName === name))
        .reduce((sum, { ranges }) => sum + (ranges[0]?.count ?? 0), 0);
    expect(count('readPipelineFile')).toBe(1);
    // The pipeline, its overlay, and the files in topologies/.
    expect(count('parseYaml')).toBe(2 + readdirSync('topologies').length);
  });
});
