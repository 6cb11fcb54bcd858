import { describe, expect, it } from 'vitest';
import type { StageRunner } from '../../../src/cli/simulate/stage-host.ts';
import { TapeWriter } from '../../../src/simulate/packed-tape.ts';
import { simulated } from '../../support/cli/simulations.ts';
import { twinless } from '../../support/pipeline/twinless.ts';

/** Two minutes of the market. */
const short = { hours: '0.03', rate: '20/s' };

/** What a report has of a topology that was not run. */
const nothing = { messages: 0, faults: 0, digest: '', deadLetters: 0, judgements: [], violations: [] };

interface Ran {
  readonly name: string;
  readonly messages: number;
}

describe('fdp simulate', () => {
  it('runs the shipped pipeline, and what it makes of the market is what the trades are', async () => {
    const { text, exitCode } = await simulated({ ...short, json: true });
    const report = JSON.parse(text);
    expect(report.violations).toEqual([]);
    expect(report).toMatchObject({ seed: 1, passed: true, test_file: null });
    expect(exitCode).toBe(0);
    const names = report.topologies.map(({ name }: Ran) => name);
    expect(names).toEqual(['ingestor', 'processor', 'candles', 'analytics', 'live', 'api']);
    expect(report.skipped).toEqual([]);
    const checks = report.topologies.flatMap(({ checks }: { readonly checks: readonly object[] }) => checks);
    for (const check of checks) expect(check).toMatchObject({ expected: expect.any(Number), violations: 0 });
    expect(report.market.trades).toBeGreaterThan(1000);
    expect(report.market.missed).toBeGreaterThan(0);
  });

  it('is the same run for the same seed, also beside another one, and another one for another seed', async () => {
    const digest = async (seed: string) => JSON.parse((await simulated({ ...short, seed, json: true })).text).digest;
    const [first, second, other] = await Promise.all([digest('7'), digest('7'), digest('8')]);
    expect(second).toBe(first);
    expect(other).not.toBe(first);
    expect(await digest('7')).toBe(first);
  });

  it('runs topologies in the order in which they feed each other, however they are named', async () => {
    const { text } = await simulated({ hours: '0.01', json: true }, { topologies: ['processor', 'ingestor'] });
    const messages = JSON.parse(text).topologies.map(({ name, messages }: Ran) => [name, messages > 100]);
    expect(messages).toEqual([
      ['ingestor', true],
      ['processor', true],
    ]);
  });

  it('starts those first whose messages other topologies read, and those that answer requests last', async () => {
    const started: string[] = [];
    const runner: StageRunner = {
      async run({ topology }, pass) {
        started.push(topology);
        pass({ tapes: new Map(), tables: new Map() });
        return { report: { topology, input: 'message', ...nothing }, market: undefined };
      },
      failureTest: () => Promise.reject(new Error('nothing fails')),
      close: async () => {},
    };
    await simulated(short, { runs: { atOnce: 1, threads: () => [runner], print: () => {} } });
    expect(started).toEqual(['ingestor', 'analytics', 'processor', 'candles', 'live', 'api']);
  });

  it('starts a topology on a log that another one is still writing', async () => {
    const begun = new Map<string, () => void>();
    const started = (topology: string) => new Promise<void>((resolve) => void begun.set(topology, resolve));
    const reader = started('analytics');
    const report = { ...nothing, input: 'message' } as const;
    const runner = (): StageRunner => ({
      async run({ topology }, pass) {
        begun.get(topology)?.();
        const { tape } = new TapeWriter();
        pass({ tapes: new Map([['ticks', tape]]), tables: undefined });
        if (topology === 'ingestor') await reader;
        pass({ tapes: new Map([['vwap_feed', tape]]), tables: new Map() });
        return { report: { ...report, topology }, market: undefined };
      },
      failureTest: () => Promise.reject(new Error('nothing fails')),
      close: async () => {},
    });
    const threads = () => [runner(), runner()];
    const { exitCode } = await simulated(short, { runs: { atOnce: 1, threads, print: () => {} } });
    expect(exitCode).toBe(0);
  });

  it('names a connector that has no twin, and starts nothing', async () => {
    const given = { topologies: ['processor', 'reconcile'], connectors: twinless('reconcile') };
    const { text, exitCode } = await simulated(short, given);
    expect(text).toContain('topologies.reconcile: "differences" (reconcile) has no twin in memory');
    expect(exitCode).toBe(2);
  });

  it('refuses a length, a rate and a seed that are none', async () => {
    await expect(simulated({ hours: '0' })).rejects.toThrow('simulate: --hours: expected more than 0');
    await expect(simulated({ rate: 'max' })).rejects.toThrow('simulate: --rate: expected trades per second');
    await expect(simulated({ seed: '-1' })).rejects.toThrow('simulate: --seed: expected a whole number');
  });
});
