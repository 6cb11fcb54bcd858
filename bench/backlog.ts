import { performance } from 'node:perf_hooks';
import type { Child } from './child.ts';
import type { Sample } from './turns.ts';
import { childNamed, cpuSeconds, peakMiB } from './usage.ts';

const pollMs = 20;
const limitMs = 600_000;

export interface BacklogRun {
  /** Starts the process, or several that share the work. */
  start(): Promise<readonly Child[]>;
  /** Units finished so far. */
  done(): Promise<number>;
  readonly total: number;
  /** Commands of the servers whose share is to be counted. */
  readonly servers: readonly string[];
}

/**
 * Measures a process on a backlog, from its start until everything is stored; the time for a backlog of one
 * message is subtracted, so that neither its start nor the size of its first batch counts.
 */
export async function workOff(run: BacklogRun, start: BacklogRun): Promise<Sample> {
  const one = await finish(start);
  const all = await finish(run);
  const units = run.total - start.total;
  const perUnit = (later: number, earlier: number) => ((later - earlier) / units) * 1e6;
  return {
    rate: (units / (all.ms - one.ms)) * 1000,
    cpuUs: perUnit(all.cpu, one.cpu),
    peakMiB: all.peakMiB,
    servers: Object.fromEntries(
      all.servers.map(({ name, cpu, peak }, index) => [
        name,
        { cpuUs: perUnit(cpu, one.servers[index]?.cpu ?? 0), peakMiB: peak },
      ]),
    ),
  };
}

/** Starts a process and stops it when everything is done; returns its usage, and that of the servers. */
async function finish(run: BacklogRun) {
  const servers = run.servers.map((name) => ({ name, pid: childNamed(name) }));
  const before = servers.map(({ pid }) => cpuSeconds(pid));
  const since = performance.now();
  const children = await run.start();
  try {
    await until(children, run);
    return {
      ms: performance.now() - since,
      cpu: children.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0),
      peakMiB: Math.max(...children.map(({ pid }) => peakMiB(pid))),
      servers: servers.map(({ name, pid }, index) => ({
        name,
        cpu: cpuSeconds(pid) - (before[index] ?? 0),
        peak: peakMiB(pid),
      })),
    };
  } finally {
    await Promise.all(children.map((child) => child.stop()));
  }
}

async function until(children: readonly Child[], run: BacklogRun): Promise<void> {
  const end = performance.now() + limitMs;
  for (;;) {
    const done = await run.done();
    if (done >= run.total) return;
    for (const child of children) child.alive();
    if (performance.now() > end)
      throw new Error(`not done in ten minutes, ${done} of ${run.total}:\n${children[0]?.output}`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}
