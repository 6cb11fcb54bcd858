import type { TestFault } from '../../../pipeline/tests/model.ts';
import type { Stored } from '../../../simulate/world.ts';
import { faultLength, faultTimes } from '../fault-times.ts';
import type { Violation } from './judgement.ts';

/** How long after a fault something may still wait, ms: retries wait longer each time. */
const afterFaultMs = 60_000;
/** How long a message takes at most while nothing is wrong, ms of virtual time. */
export const promptMs = 500;

/** Whether what comes while nothing is wrong is stored at once. Of a source that is a log. */
export class DelayWatch {
  readonly #violations = new Map<string, Violation>();
  readonly #wrong: readonly (readonly [fromMs: number, toMs: number])[];

  constructor(faults: readonly TestFault[]) {
    this.#wrong = faults.map((fault) => [faultTimes(fault), faultTimes(fault) + faultLength(fault) + afterFaultMs]);
  }

  /** One for each branch. */
  get violations(): readonly Violation[] {
    return [...this.#violations.values()];
  }

  /** @param atMs when it was stored, ms of virtual time; `nowMs` by the wall clock */
  take({ branch, message }: Stored, { atMs, nowMs }: { readonly atMs: number; readonly nowMs: number }): void {
    if (message.meta.offset === undefined || this.#violations.has(branch)) return;
    const delayMs = nowMs - message.timestamp;
    if (delayMs <= promptMs || this.#isWrong(atMs - delayMs, atMs)) return;
    const text = `${branch}: a message took ${Math.round(delayMs)} ms while nothing was wrong`;
    this.#violations.set(branch, { kind: `${branch}: slow`, text });
  }

  #isWrong(fromMs: number, toMs: number): boolean {
    return this.#wrong.some(([begin, end]) => begin <= toMs && end >= fromMs);
  }
}
