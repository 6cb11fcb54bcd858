import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { StatusReport } from '../../src/kit/snapshot.ts';
import { brokenSums, figure, parseMetrics, type Series } from '../support/cli/metrics.ts';
import { pipelineCopy } from '../support/cli/pipeline-copy.ts';
import { eventually, Process, temporaryFolder } from '../support/cli/platform.ts';
import { get, workspaceIn } from '../support/cli/workspace.ts';

type Environment = Readonly<Record<string, string>>;

async function statusOf(env: Environment, ...args: readonly string[]): Promise<{ code: unknown; output: string }> {
  await using status = new Process([...args, 'status', '--all'], env);
  const code = await status.ended;
  return { code, output: status.output };
}

async function reportsIn(env: Environment): Promise<readonly StatusReport[]> {
  await using status = new Process(['status', '--json'], env);
  await status.ended;
  return (JSON.parse(status.stdout) as { readonly processes: readonly StatusReport[] }).processes;
}

function topologiesIn(reports: readonly StatusReport[]): string[] {
  return reports.flatMap(({ process }) => process.topologies.map(({ name }) => name)).sort();
}

async function observePort(process: Process): Promise<number> {
  const line = await eventually('the port is logged', async () =>
    process.log.find(({ msg }) => msg.startsWith('observe: listening on ')),
  );
  return Number(line['port']);
}

async function scrape(process: Process): Promise<readonly Series[]> {
  const response = await fetch(`http://127.0.0.1:${await observePort(process)}/metrics`);
  return parseMetrics(await response.text());
}

function isReady(process: Process): Promise<unknown> {
  return eventually('it is ready', async () => {
    const answer = await get(`http://127.0.0.1:${await observePort(process)}/health/ready`);
    return answer?.status === 200;
  });
}

describe('what a platform reports about itself', () => {
  it('shows every process in any terminal, with its work, and no secret; ended ones are no longer shown', async () => {
    using folder = temporaryFolder();
    const { env } = await workspaceIn(folder.path);
    const shared = {
      ...env,
      OBSERVE_PORT: '',
      FDP_INSTANCE: 'first',
      SIMULATOR_TOKEN: 'top-secret-77',
      SIMULATOR_PORT: '0',
    };
    expect(await statusOf(shared)).toEqual({ code: 0, output: 'no process has reported within the last 10 s\n' });
    await using ingestor = new Process(['--topology', 'ingestor,simulator'], shared);
    await using processor = new Process(['--topology', 'processor'], shared);
    await Promise.all([isReady(ingestor), isReady(processor)]);
    const names = ['ingestor', 'processor', 'simulator'];
    await eventually('both are seen at work', async () => {
      const reports = await reportsIn(shared);
      const busy = reports.flatMap(({ process }) => process.topologies).filter(({ delivered }) => delivered > 50);
      return topologiesIn(reports).join() === names.join() && busy.length === 3;
    });
    const { output } = await statusOf(shared);
    expect(output).toContain(`pid ${ingestor.child.pid}) `);
    expect(output).toMatch(/^first \(/m);
    expect(output).toContain(`pid ${processor.child.pid}) `);
    expect(output).toContain('mock → split → ticks\n');
    expect(output).toContain(
      'ticks → explode → require → idempotency_key → trades → symbols/metadata_upsert → symbols\n',
    );
    expect(output).toMatch(/group:\s+processor/);
    expect(output).toContain('token: "******"');
    expect(output).not.toContain('top-secret');
    await using summary = new Process(['status'], shared);
    expect(await summary.ended).toBe(0);
    expect(summary.stdout).toMatch(/^ {2}● processor +running +\d+ +\d+ +\d+ +\d+ +0-5$/m);
    expect(summary.stdout.trimEnd().split('\n')).toHaveLength(1 + 2 + 3);

    processor.child.kill('SIGKILL');
    expect(await ingestor.stop()).toBe(0);
    const [stopped] = (await reportsIn(shared)).filter(({ process }) => process.pid === ingestor.child.pid);
    expect(stopped?.process.topologies.map(({ state }) => state)).toEqual(['stopped', 'stopped']);
    await eventually('both are forgotten', async () => {
      await new Promise((resolve) => setTimeout(resolve, 1000));
      return (await reportsIn(shared)).length === 0;
    });
  });

  it('uses the next port for a second process, and insists on a configured one', async () => {
    using folder = temporaryFolder();
    const { env } = await workspaceIn(folder.path);
    const taken = createServer().listen(Number(env['OBSERVE_PORT']), '127.0.0.1');
    await once(taken, 'listening');
    await using refused = new Process(['--topology', 'ingestor'], env);
    expect(await refused.ended).toBe(1);
    expect(refused.output).toMatch(
      /^fdp: observe: port \d+ \(from OBSERVE_PORT\) on 127\.0\.0\.1 is in use by another program: [^\n]*\n$/,
    );
    taken.close();
    const unasked = { ...env, OBSERVE_PORT: '' };
    await using first = new Process(['--topology', 'ingestor'], unasked);
    await isReady(first);
    await using second = new Process(['--topology', 'processor'], unasked);
    await isReady(second);
    expect(await observePort(second)).not.toBe(await observePort(first));
  });

  it.concurrent('has sums that hold in every scrape of a busy process, which ends by itself afterwards', async () => {
    using folder = temporaryFolder();
    const { env } = await workspaceIn(folder.path);
    await using platform = new Process([], env);
    await isReady(platform);
    await eventually('hundreds of messages are read', async () => {
      const series = await scrape(platform);
      expect(brokenSums(series)).toEqual([]);
      return figure(series, 'fdp_messages_read_total', { topology: 'processor' }) > 400;
    });
    const series = await scrape(platform);
    const lag = series.filter(({ name }) => name === 'fdp_lag_messages').map(({ labels }) => labels['topology']);
    expect(lag).toEqual(['processor', 'candles', 'analytics']);
    expect(figure(series, 'fdp_end_to_end_latency_seconds_count', { topology: 'processor' })).toBeGreaterThan(300);
    expect(await platform.stop()).toBe(0);
  });

  it.concurrent('works, and is green and quiet, when the status table is unavailable', async () => {
    using folder = temporaryFolder();
    const { env } = await workspaceIn(folder.path);
    const noFolder = join(folder.path, 'file');
    writeFileSync(noFolder, '');
    const pipeline = pipelineCopy(
      folder.path,
      [
        'connectors:\n',
        `connectors:\n  lost: { type: sqlite_table, path: "${noFolder}/s.db", table: s, unique: process }\n`,
      ],
      ['status: status', 'status: lost'],
    );
    await using ingestor = new Process(['--pipeline', pipeline, '--topology', 'ingestor'], env);
    await isReady(ingestor);
    await eventually('messages flow', async () => figure(await scrape(ingestor), 'fdp_messages_delivered_total') > 100);
    expect(await ingestor.stop()).toBe(0);
    expect(ingestor.log.filter(({ level }) => level !== 'info')).toEqual([]);
    const { code, output } = await statusOf(env, '--pipeline', pipeline);
    expect(code).toBe(1);
    expect(output).toMatch(/^fdp: [^\n]*the folder could not be created[^\n]*\n$/);
  });

  it.concurrent('ends with its reader, however often it would have polled', async () => {
    using folder = temporaryFolder();
    const { env } = await workspaceIn(folder.path);
    await using ingestor = new Process(['--topology', 'ingestor'], env);
    await isReady(ingestor);
    for (const args of [['--watch'], ['--watch', '--json']]) {
      await using watch = new Process(['status', ...args], env);
      await eventually('a look', async () => watch.stdout !== '');
      watch.child.stdout?.destroy();
      expect([await watch.ended, watch.output.slice(watch.stdout.length)]).toEqual([0, '']);
    }
  });

  it.concurrent('is repeated until it is stopped', async () => {
    using folder = temporaryFolder();
    const { env } = await workspaceIn(folder.path);
    await using ingestor = new Process(['--topology', 'ingestor'], env);
    await using watch = new Process(['status', '--watch', '--json'], env);
    await using text = new Process(['status', '--watch', '--all'], env);
    await eventually('three looks at it', async () => watch.stdout.split(`"pid":${ingestor.child.pid}`).length > 3);
    for (const line of watch.stdout.split('\n').slice(0, -1)) expect(JSON.parse(line)).toHaveProperty('processes');
    await eventually('a rate', async () => /read \d+ {3}\d+\.\d\/s {3}delivered/.test(text.stdout));
    expect([await watch.stop(), await text.stop()]).toEqual([0, 0]);
  });

  it.concurrent('names what is missing when the pipeline has no status table', async () => {
    using folder = temporaryFolder();
    const { env } = await workspaceIn(folder.path);
    const pipeline = pipelineCopy(folder.path, [' status: status,', '']);
    expect(await statusOf(env, '--pipeline', pipeline)).toEqual({
      code: 2,
      output: 'fdp: status: the pipeline has no status table: set `settings.status`\n',
    });
  });
});
