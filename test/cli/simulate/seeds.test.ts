import { describe, expect, it } from 'vitest';
import { argumentsOf, type SeedReport, seedRange, simulateSeeds } from '../../../src/cli/simulate/seeds.ts';

const report = (seed: number, passed: boolean): SeedReport => ({
  ...{ seed, passed, digest: 'd'.repeat(64), market: { trades: 5 } },
  violations: passed ? [] : [{ text: 'trades: is lost' }],
  test_file: passed ? null : `failure-${seed}.test.yml`,
  test_seed: seed === 3 ? 9 : null,
});

describe('many seeds', () => {
  it('are a range of whole numbers', () => {
    expect(seedRange('1..200')).toEqual({ from: 1, to: 200 });
    expect(seedRange('7..7')).toEqual({ from: 7, to: 7 });
    for (const text of ['2..1', '1-2', '1..', '-1..2', 'a..b']) expect(seedRange(text)).toBeUndefined();
  });

  it('have a line each, and the exit code of the worst', async () => {
    const lines: string[] = [];
    const parts = { atOnce: 2, untilFailure: false, print: (line: string) => void lines.push(line) };
    const run = async (seed: number) => report(seed, seed !== 3);
    const { text, exitCode } = await simulateSeeds({ from: 1, to: 4, ...parts, run }, false);
    expect(lines.sort()).toEqual([
      'FAIL  seed 3: trades: is lost\n      fdp test failure-3.test.yml --seed 9\n',
      ...[1, 2, 4].map((seed) => `ok    seed ${seed}: 5 trades, digest ${'d'.repeat(16)}\n`),
    ]);
    expect({ text, exitCode }).toEqual({ text: '4 seeds: 3 passed, 1 failed\n', exitCode: 1 });
    const passed = await simulateSeeds({ from: 4, to: 9, ...parts, run }, true);
    expect({ ...passed, text: JSON.parse(passed.text) }).toEqual({
      exitCode: 0,
      text: { seeds: 6, passed: 6, failed: [] },
    });
  });

  it('end with the first that fails, if that is asked for', async () => {
    const begun: number[] = [];
    const run = async (seed: number) => {
      begun.push(seed);
      return report(seed, seed < 5);
    };
    const parts = { from: 1, to: 200, atOnce: 1, print: () => {}, run };
    const { text } = await simulateSeeds({ ...parts, untilFailure: true }, true);
    expect(JSON.parse(text).failed).toEqual([
      { seed: 5, test_file: 'failure-5.test.yml', test_seed: null, violation: 'trades: is lost' },
    ]);
    expect(begun).toEqual([1, 2, 3, 4, 5]);
  });

  it('are run with the arguments of the command, each with its own seed', () => {
    const args = ['--profile', 'cluster', 'simulate', '--seeds', '1..9', '--hours', '1', '--json'];
    expect(argumentsOf(args, 4)).toEqual(['--profile', 'cluster', 'simulate', '--hours', '1', '--seed', '4', '--json']);
    expect(argumentsOf(['simulate', '--seeds=1..9', '--until-failure'], 5)).toEqual([
      'simulate',
      '--seed',
      '5',
      '--json',
    ]);
  });
});
