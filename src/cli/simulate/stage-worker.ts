import { parentPort, workerData } from 'node:worker_threads';
import { errorText } from '../../errors.ts';
import { readPipelineFile } from '../../pipeline/read/files.ts';
import { loadComponents } from '../components.ts';
import type { SimulateFlags } from './flags.ts';
import { prepared } from './prepared.ts';
import { StageHost, type StageTask } from './stage-host.ts';

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

/** What it is asked, and what it answers to the same number. */
export type WorkerCall = { readonly id: number } & ({ readonly task: StageTask } | { readonly failureTest: string });
export type WorkerReply = { readonly id: number } & ({ readonly result: unknown } | { readonly error: string });

const { pipelinePath, profile, env, folder, topologies, flags, seed } = workerData as WorkerParts;

async function host(): Promise<StageHost> {
  const file = readPipelineFile(pipelinePath);
  const components = await loadComponents(file, env);
  const request = { pipelinePath, file, profile, env, folder, components, ...(topologies && { topologies }) };
  const pipeline = prepared(request, flags);
  if ('problems' in pipeline) throw new Error(pipeline.problems.map(({ message }) => message).join('; '));
  return new StageHost(pipeline, seed);
}

const ready = host();
// Whoever asks gets it.
ready.catch(() => {});

parentPort?.on('message', async (call: WorkerCall) => {
  const { id } = call;
  try {
    const result =
      'task' in call ? await (await ready).run(call.task) : await (await ready).failureTest(call.failureTest);
    parentPort?.postMessage({ id, result } satisfies WorkerReply);
  } catch (error) {
    parentPort?.postMessage({ id, error: errorText(error) } satisfies WorkerReply);
  }
});
