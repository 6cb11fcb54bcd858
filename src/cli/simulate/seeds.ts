import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { FdpError } from '../../errors.ts';
import { parseJson } from '../../kit/json.ts';
import { counted } from '../../kit/text.ts';
import type { CommandResult } from '../validate.ts';
import { testCommand } from './failure-test.ts';

/** What became of one seed, as `--json` prints it. */
export interface SeedReport {
  readonly seed: number;
  readonly passed: boolean;
  readonly digest: string;
  readonly market: { readonly trades: number };
  readonly violations: readonly { readonly text: string }[];
  readonly test_file: string | null;
  /** With which seed the test fails, if it depends on one. */
  readonly test_seed: number | null;
}

export interface SeedsRequest {
  readonly from: number;
  readonly to: number;
  /** Begins no seed any more once one has failed. */
  readonly untilFailure: boolean;
  /** Seeds that run at the same time. */
  readonly atOnce: number;
  run(seed: number): Promise<SeedReport>;
  /** Gets a line for each seed, in the order in which they end. */
  print(line: string): void;
}

/** `A..B`, two whole numbers; undefined when it is none. */
export function seedRange(text: string): { readonly from: number; readonly to: number } | undefined {
  const [, from, to] = /^(\d{1,9})\.\.(\d{1,9})$/.exec(text) ?? [];
  if (from === undefined || to === undefined || Number(from) > Number(to)) return undefined;
  return { from: Number(from), to: Number(to) };
}

/** Runs many seeds. Exit code 1 if one fails. */
export async function simulateSeeds(request: SeedsRequest, isJson: boolean): Promise<CommandResult> {
  const { from, to, untilFailure, atOnce, run, print } = request;
  const failed: SeedReport[] = [];
  let [next, ended] = [from, 0];
  const worker = async () => {
    while (next <= to && !(untilFailure && failed.length > 0)) {
      const report = await run(next++);
      ended++;
      if (!report.passed) failed.push(report);
      if (!isJson) print(lineOf(report));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  failed.sort((one, other) => one.seed - other.seed);
  const seeds = failed.map(({ seed, violations, test_file, test_seed }) => ({
    seed,
    test_file,
    test_seed,
    violation: violations[0]?.text,
  }));
  const text = isJson
    ? `${JSON.stringify({ seeds: ended, passed: ended - failed.length, failed: seeds })}\n`
    : `${counted(ended, 'seed')}: ${ended - failed.length} passed, ${failed.length} failed\n`;
  return { text, exitCode: failed.length > 0 ? 1 : 0 };
}

function lineOf({ seed, passed, digest, market, violations, test_file, test_seed }: SeedReport): string {
  if (passed) return `ok    seed ${seed}: ${counted(market.trades, 'trade')}, digest ${digest.slice(0, 16)}\n`;
  return `FAIL  seed ${seed}: ${violations[0]?.text}\n      ${testCommand(String(test_file), test_seed ?? undefined)}\n`;
}

/** As many as there are cores. */
export function seedsAtOnce(): number {
  return availableParallelism();
}

/**
 * Runs one seed in a process of its own, with the arguments of this one.
 * @throws FDP_INTERNAL if it can't be run
 */
export async function seedProcess(seed: number): Promise<SeedReport> {
  const [script = '', ...args] = process.argv.slice(1);
  const child = spawn(process.execPath, [...process.execArgv, script, ...argumentsOf(args, seed)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const parts: Buffer[] = [];
  child.stdout.on('data', (part: Buffer) => parts.push(part));
  await once(child, 'close');
  try {
    return parseJson(Buffer.concat(parts)) as SeedReport;
  } catch (error) {
    throw new FdpError('FDP_INTERNAL', `seed ${seed} could not be run`, { cause: error });
  }
}

/** The arguments of many seeds, for one of them. */
export function argumentsOf(args: readonly string[], seed: number): readonly string[] {
  const flags = ['--json', '--until-failure'];
  const kept = args.filter(
    (arg, at) => !flags.includes(arg) && !arg.startsWith('--seeds') && args[at - 1] !== '--seeds',
  );
  return [...kept, '--seed', String(seed), '--json'];
}
