import type { Plan } from '../../engine/plan.ts';
import type { Runtime } from '../../engine/runtime.ts';

/** The topologies of a process, which may start over: whoever stops them, or asks how they are, means those that run. */
export class Starts implements Pick<Runtime, 'drain' | 'force' | 'snapshot'> {
  readonly #make: (plan: Plan) => Runtime;
  #runtime: Runtime;
  #isStopped = false;

  constructor(plan: Plan, make: (plan: Plan) => Runtime) {
    this.#make = make;
    this.#runtime = make(plan);
  }

  get runtime(): Runtime {
    return this.#runtime;
  }

  /** They are to end for good. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  drain(): void {
    this.#isStopped = true;
    this.#runtime.drain();
  }

  force(): void {
    this.#isStopped = true;
    this.#runtime.force();
  }

  snapshot(): ReturnType<Runtime['snapshot']> {
    return this.#runtime.snapshot();
  }

  /** To be called once the topologies have ended. */
  next(plan: Plan): void {
    this.#runtime = this.#make(plan);
  }
}
