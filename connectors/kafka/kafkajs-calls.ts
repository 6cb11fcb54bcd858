import { kafkaError, reasonOf } from './errors.ts';
import type { ClientOptions, Link } from './kafkajs-link.ts';

/** Brokers that just started, or use groups for the first time, take a moment to get ready. */
const soon = new Set(['GROUP_COORDINATOR_NOT_AVAILABLE', 'NOT_COORDINATOR_FOR_GROUP', 'GROUP_LOAD_IN_PROGRESS']);
export const soonAttempts = 30;
export const soonMs = 100;

/** Calls to the brokers: errors are classified, and brief ones retried. */
export class Calls {
  readonly #options: ClientOptions;
  readonly #link: Link;
  readonly #failed: () => void;

  /** `failed` is called after each failure, before anything is repeated. */
  constructor(options: ClientOptions, link: Link, failed: () => void) {
    this.#options = options;
    this.#link = link;
    this.#failed = failed;
  }

  /** @throws what `kafkaError` makes of it */
  async run<T>(what: string, work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        const done = await work();
        this.#options.proven.worked(what);
        return done;
      } catch (error) {
        const { name, brokers, proven } = this.#options;
        const failed = proven.judge(what, kafkaError(name, what, error, brokers));
        this.#failed();
        const isSoon = soon.has(reasonOf(failed) ?? '') && attempt < soonAttempts && !this.#link.closed;
        if (!isSoon) throw failed;
        await this.#options.clock.sleep(soonMs);
      }
    }
  }
}
