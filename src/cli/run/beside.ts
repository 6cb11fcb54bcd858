import type { Plan } from '../../engine/plan.ts';
import type { RunResult, Runtime } from '../../engine/runtime.ts';
import { errorText } from '../../errors.ts';
import type { Clock } from '../../kit/clock.ts';
import type { Environment } from '../../kit/environment.ts';
import type { ReplayControl } from '../../kit/replay.ts';
import type { Starts } from './starts.ts';

/** What plays a tape beside the topologies. */
export interface Beside {
  /** The tape's time as the wall clock of the process. */
  readonly clock: Clock;
  readonly replay: ReplayControl;
  /** Called whenever the topologies start. */
  start(parts: { readonly runtime: Runtime; readonly environment: Environment }): Promise<void>;
  /** Called once they have ended. */
  stop(): void;
  /** After that: what is to start in their place; undefined if nothing is. */
  again(): Plan | undefined;
}

/** Runs the topologies, as often as they are to start over, and what is beside them; if that fails, they are stopped. */
export async function runWith(
  starts: Starts,
  environment: Environment,
  beside: Beside | undefined,
): Promise<RunResult> {
  for (;;) {
    const { runtime } = starts;
    const running = runtime.run();
    let hasFailed = false;
    const besides = beside?.start({ runtime, environment }).catch((error: unknown) => {
      hasFailed = true;
      environment.log.error({ error: errorText(error) }, errorText(error));
      starts.drain();
    });
    const result = await running;
    beside?.stop();
    await besides;
    if (hasFailed) return { ...result, exitCode: 1 };
    const next = starts.isStopped ? undefined : beside?.again();
    if (!next) return result;
    starts.next(next);
  }
}
