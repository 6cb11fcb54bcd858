import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { parentPort, workerData } from 'node:worker_threads';
import { errorText } from '../../errors.ts';
import { readPipelineFile } from '../../pipeline/read/files.ts';
import { loadComponents } from '../components.ts';
import type { SimulateFlags } from './flags.ts';
import { prepared } from './prepared.ts';
import { StageHost, type StageTask, type Written } from './stage-host.ts';

// A thread that runs topologies of a simulation. It reads the pipeline itself: what a plan is made of can't be sent.

/** What a thread is made with. */
export interface WorkerParts {
  readonly pipelinePath: string;
  readonly profile: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly folder: string;
  readonly topologies: readonly string[] | undefined;
  readonly flags: SimulateFlags;
  readonly seed: number;
}

/** What it is asked, and what it answers to the same number: to a task first what was written. */
export type WorkerCall = { readonly id: number } & ({ readonly task: StageTask } | { readonly failureTest: string });
export type WorkerReply = { readonly id: number } & (
  | { readonly written: Written }
  | { readonly result: unknown }
  | { readonly error: string }
);

const { pipelinePath, profile, env, folder, topologies, flags, seed } = workerData as WorkerParts;

async function host(): Promise<StageHost> {
  const file = readPipelineFile(pipelinePath);
  const components = await loadComponents(file, env);
  const request = { pipelinePath, file, profile, env, folder, components, ...(topologies && { topologies }) };
  const pipeline = prepared(request, flags);
  if ('problems' in pipeline) throw new Error(pipeline.problems.map(({ message }) => message).join('; '));
  return new StageHost(pipeline, seed);
}

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

const ready = host();
// Whoever asks gets it.
ready.catch(() => {});

parentPort?.on('message', async (call: WorkerCall) => {
  const { id } = call;
  const reply = (answer: WorkerReply) => parentPort?.postMessage(answer);
  const pass = (written: Written) => reply({ id, written });
  try {
    const own = await ready;
    reply({ id, result: await ('task' in call ? own.run(call.task, pass) : own.failureTest(call.failureTest)) });
  } catch (error) {
    reply({ id, error: errorText(error) });
  }
  // What a topology leaves is garbage: the next one would let the heap grow by half of it first.
  collect();
});
