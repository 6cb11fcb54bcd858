import { seededChance } from '../../../src/kit/chance.ts';
import { type Clock, sleepOn } from '../../../src/kit/clock.ts';
import type { Environment } from '../../../src/kit/environment.ts';
import type { VirtualClock } from '../../../src/simulate/virtual-clock.ts';
import { testEnvironment } from '../../../src/testing/environment.ts';

/**
 * The environment of one of several processes on a virtual clock. While it is frozen, as by SIGSTOP, its timers and
 * fail points wait until it is thawed; after it is killed, they wait forever, so that its code takes no further step.
 */
export class Life {
  readonly environment: Environment;
  /** Resolves when it is killed. */
  readonly death: Promise<void>;
  #died = () => {};
  readonly #clock: VirtualClock;
  readonly #waiting: (() => void)[] = [];
  #state: 'alive' | 'frozen' | 'dead' = 'alive';

  /** @param passing called at every fail point; may wait on `environment.clock`, or kill the process */
  constructor(clock: VirtualClock, seed: number, passing: () => Promise<void> = async () => {}) {
    this.#clock = clock;
    this.death = new Promise((resolve) => {
      this.#died = resolve;
    });
    this.environment = {
      ...testEnvironment(this.#gated(), seed),
      chance: seededChance(seed),
      failPoint: async () => {
        await passing();
        await this.#gate();
      },
    };
  }

  get isDead(): boolean {
    return this.#state === 'dead';
  }

  freeze(): void {
    if (this.#state === 'alive') this.#state = 'frozen';
  }

  thaw(): void {
    if (this.#state !== 'frozen') return;
    this.#state = 'alive';
    for (const go of this.#waiting.splice(0)) go();
  }

  kill(): void {
    this.#state = 'dead';
    this.#died();
  }

  #gate(): Promise<void> {
    return new Promise((resolve) => this.#pass(resolve));
  }

  #pass(go: () => void): void {
    if (this.#state === 'alive') go();
    else if (this.#state === 'frozen') this.#waiting.push(go);
  }

  #gated(): Clock {
    const clock: Clock = {
      now: () => this.#clock.now(),
      monotonic: () => this.#clock.monotonic(),
      sleep: (ms, signal) => sleepOn(clock, ms, signal),
      timer: (ms, fn) => {
        let cancelled = false;
        const cancel = this.#clock.timer(ms, () => this.#pass(() => cancelled || fn()));
        return () => {
          cancelled = true;
          cancel();
        };
      },
      turn: async () => {
        await this.#clock.turn();
        await this.#gate();
      },
      outside: (work) => this.#clock.outside(work),
    };
    return clock;
  }
}
