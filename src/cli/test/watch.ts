import { dirname, resolve } from 'node:path';
import { linkedAbort, systemClock } from '../../kit/clock.ts';
import { outputGone } from '../shared/output.ts';
import { stopSignals } from '../shared/signals.ts';
import type { SpecRequest } from '../validate.ts';
import { versionsOf } from './files.ts';

/** How often it is looked whether a file has changed, ms. */
const everyMs = 300;

/**
 * Runs tests at once, and again whenever a YAML file beside the pipeline, below it, or one of `files` has changed. Ends with 0 by SIGINT,
 * SIGTERM or SIGHUP, or when the reader closes the output.
 */
export async function watchTests(
  { pipelinePath, folder }: SpecRequest,
  files: readonly string[],
  run: () => Promise<unknown>,
): Promise<0> {
  const { controller } = linkedAbort(outputGone);
  const stop = () => controller.abort();
  for (const signal of stopSignals) process.once(signal, stop);
  const paths = files.map((file) => resolve(folder, file));
  const versions = () => versionsOf(dirname(resolve(pipelinePath)), paths);
  let before: string | undefined;
  while (!controller.signal.aborted) {
    const now = versions();
    if (now !== before) await run();
    before = now;
    await systemClock.sleep(everyMs, controller.signal);
  }
  return 0;
}
