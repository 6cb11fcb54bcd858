import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { errorText, FdpError } from '../../errors.ts';
import { packageRoot } from '../../kit/package-root.ts';
import type { SpecRequest } from '../validate.ts';
import type { FailureTest } from './failure-test.ts';
import { numbersOf, type SimulateFlags } from './flags.ts';
import type { StageAnswer, StageRunner, StageTask, Written } from './stage-host.ts';
import type { WorkerCall, WorkerParts, WorkerReply } from './stage-worker.ts';

/** Below so many trades a thread takes longer to start than it saves. */
const fewestTrades = 25_000;
/** Of the memory for what is new, MiB: most of it is gone at once, and collecting it less often takes a tenth less time. */
const youngMiB = 64;
/** By how much the rest grows before it is collected, percent. At 50 the peak is a fifth lower, and the time a fifth longer. */
const growthPercent = 200;
/** More than two have nothing to do: topologies feed each other. */
const mostThreads = 3;

/**
 * A thread for each core, on which topologies run side by side; undefined where they would not be worth it, and when fdp runs from
 * its sources, which a thread can't load.
 */
export function stageThreads(
  { pipelinePath, profile, env, folder, topologies }: SpecRequest,
  flags: SimulateFlags,
  seed: number,
): readonly StageRunner[] | undefined {
  const { hours, tradesPerSecond } = numbersOf(flags);
  const count = Math.min(availableParallelism(), mostThreads);
  const isSource = import.meta.url.endsWith('.ts');
  if (isSource || count < 2 || hours * 3600 * tradesPerSecond < fewestTrades) return undefined;
  setFlagsFromString(`--heap-growing-percent=${growthPercent}`);
  const parts: WorkerParts = { pipelinePath, profile, env: { ...env }, folder, topologies, flags, seed };
  const file = join(packageRoot(), 'dist', 'stage-worker.js');
  return Array.from({ length: count }, () => new StageThread(file, parts));
}

interface Waiting {
  written(written: Written): void;
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** Runs stages in a thread of its own. */
export class StageThread implements StageRunner {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #calls = 0;
  /** Why it takes nothing any more. */
  #end: FdpError | undefined;

  constructor(file: string, workerData: WorkerParts) {
    this.#worker = new Worker(file, {
      workerData,
      resourceLimits: { maxYoungGenerationSizeMb: youngMiB, maxOldGenerationSizeMb: 8192 },
    });
    this.#worker.on('message', (reply: WorkerReply) => {
      const waiting = this.#waiting.get(reply.id);
      if ('written' in reply) return waiting?.written(reply.written);
      this.#waiting.delete(reply.id);
      if ('result' in reply) waiting?.resolve(reply.result);
      else waiting?.reject(new FdpError('FDP_INTERNAL', reply.error));
    });
    this.#worker.on('error', (error) => this.#gone(errorText(error)));
    this.#worker.on('exit', () => this.#gone('its thread has ended'));
  }

  run(task: StageTask, pass: (written: Written) => void): Promise<StageAnswer> {
    return this.#ask({ task }, pass) as Promise<StageAnswer>;
  }

  failureTest(topology: string): Promise<FailureTest> {
    return this.#ask({ failureTest: topology }) as Promise<FailureTest>;
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #ask(
    call: { readonly task: StageTask } | { readonly failureTest: string },
    written: Waiting['written'] = () => {},
  ): Promise<unknown> {
    const id = ++this.#calls;
    return new Promise((resolve, reject) => {
      if (this.#end) return reject(this.#end);
      this.#waiting.set(id, { written, resolve, reject });
      this.#worker.postMessage({ id, ...call } satisfies WorkerCall);
    });
  }

  #gone(why: string): void {
    this.#end ??= new FdpError('FDP_INTERNAL', `a topology could not be simulated: ${why}`);
    for (const { reject } of this.#waiting.values()) reject(this.#end);
    this.#waiting.clear();
  }
}
