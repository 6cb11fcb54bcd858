import type { Environment } from '../../src/kit/environment.ts';
import type { StatusReport } from '../../src/kit/snapshot.ts';

/** What runs, as far as it is known: all processes, or this one and why the others are not known. */
interface Overview {
  readonly at: number;
  readonly processes: readonly StatusReport[];
  readonly error?: string;
}

/**
 * Looks at what all processes report: one look at a time, however many ask. Never fails, and never waits for longer than
 * until the next call: a table that is away, or slow, leaves this process and a line that says so.
 */
export class Lookout {
  readonly #environment: Pick<Environment, 'clock' | 'platform'>;
  #isLooking = false;

  constructor(environment: Pick<Environment, 'clock' | 'platform'>) {
    this.#environment = environment;
  }

  /** Gives what is seen to `tell`, now or soon; not at all when it is no news by then. */
  look(tell: (overview: Overview) => void): void {
    const { platform } = this.#environment;
    if (!platform?.reports) tell(this.#alone('the pipeline has no status table: other processes are not known'));
    else if (this.#isLooking) tell(this.#alone('the status table does not respond: other processes are not known'));
    else void this.#ask(platform.reports.bind(platform), tell);
  }

  async #ask(reports: () => Promise<readonly StatusReport[]>, tell: (overview: Overview) => void): Promise<void> {
    this.#isLooking = true;
    try {
      const processes = await reports();
      tell({ at: this.#environment.clock.now(), processes });
    } catch {
      // Its text may name places that are nobody's business here; the log of the status writer has it.
      tell(this.#alone('the status table is unavailable: other processes are not known'));
    } finally {
      this.#isLooking = false;
    }
  }

  #alone(error: string): Overview {
    const { clock, platform } = this.#environment;
    return { at: clock.now(), processes: platform ? [platform.report()] : [], error };
  }
}
