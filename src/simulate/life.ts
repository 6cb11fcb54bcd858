import { seededChance } from '../kit/chance.ts';
import { type Clock, sleepOn } from '../kit/clock.ts';
import type { Environment, Logger } from '../kit/environment.ts';
import type { VirtualClock } from './virtual-clock.ts';

const nothing = () => {};
const silent: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };

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

  /**
   * @param passing called at every fail point; may wait on `environment.clock`, or kill the process
   * @param log left out: nothing is logged
   */
  constructor(clock: VirtualClock, seed: number, passing: () => Promise<void> = async () => {}, log = silent) {
    this.#clock = clock;
    this.death = new Promise((resolve) => {
      this.#died = resolve;
    });
    this.environment = {
      clock: this.#gated(),
      chance: seededChance(seed),
      log,
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
