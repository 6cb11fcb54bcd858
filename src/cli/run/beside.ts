import type { RunResult, Runtime } from '../../engine/runtime.ts';
import { errorText } from '../../errors.ts';
import type { Clock } from '../../kit/clock.ts';
import type { Environment } from '../../kit/environment.ts';
import type { ReplayControl } from '../../kit/replay.ts';

/** What plays a tape beside the topologies. */
export interface Beside {
  /** The tape's time as the wall clock of the process. */
  readonly clock: Clock;
  readonly replay: ReplayControl;
  /** Called once the topologies start. */
  start(parts: { readonly runtime: Runtime; readonly environment: Environment }): Promise<void>;
  stop(): void;
}

/** Runs the topologies, and what is beside them until they have ended; if that fails, they are stopped. */
export async function runWith(
  runtime: Runtime,
  environment: Environment,
  beside: Beside | undefined,
): Promise<RunResult> {
  const running = runtime.run();
  let hasFailed = false;
  const besides = beside?.start({ runtime, environment }).catch((error: unknown) => {
    hasFailed = true;
    environment.log.error({ error: errorText(error) }, errorText(error));
    runtime.drain();
  });
  const result = await running;
  beside?.stop();
  await besides;
  return hasFailed ? { ...result, exitCode: 1 } : result;
}
