import { networkOf } from './client-network.ts';
import type { Environment } from './environment.ts';
import type { Admission } from './keys.ts';
import { type LimitedLog, limited } from './limited-log.ts';
import type { NodeStats } from './node-stats.ts';
import { RateLimit } from './rate-limit.ts';

/** How many wrong keys an address may send: so many at once, and one more each second. */
const quota = { perSecond: 1, burst: 60 };
/** One line about an address per this time, ms. */
const logMs = 60_000;

interface FailedKeysContext extends Pick<Environment, 'clock' | 'log'> {
  /** Of the role that the server is; left out: it is none. */
  readonly node?: NodeStats;
}

/** Bounds how often an address may try keys that are wrong, for one server. Counts `wrong_keys`. */
export class FailedKeys {
  readonly #name: string;
  readonly #limit: RateLimit;
  readonly #log: LimitedLog;
  readonly #node: NodeStats | undefined;

  /** @param name of the connector, for messages */
  constructor(name: string, { clock, log, node }: FailedKeysContext) {
    this.#name = name;
    this.#node = node;
    this.#limit = new RateLimit(quota, clock);
    this.#log = limited(log, clock, logMs);
  }

  /** Until the address may try again, whole seconds; undefined while it may. */
  waitOf(address: string | undefined): number | undefined {
    return this.#wait(this.#limit.waitMs(networkOf(address ?? '')));
  }

  /** Counts a wrong key; returns until when the address has to wait if it had tried too many before, whole seconds. */
  failed(address: string | undefined): number | undefined {
    this.#node?.count('wrong_keys');
    const { allowed, waitMs } = this.#limit.take(networkOf(address ?? ''));
    return allowed ? undefined : this.#tell(address, waitMs);
  }

  /**
   * The admission as it is, but of an address with too many wrong keys a refusal that says how long to wait. A key that is known
   * is always let in: nobody guesses one, and so nobody locks out those who share an address, as behind a proxy.
   */
  judge(admission: Admission, address: string | undefined): Admission {
    if (!admission.refusal?.isWrong) return admission;
    const retryAfter = this.failed(address);
    if (retryAfter === undefined) return admission;
    const text = `too many wrong keys from this address: try again after ${retryAfter} s`;
    return { refusal: { status: 429, code: 'FDP_RATE_LIMITED', text, retryAfter } };
  }

  #wait(ms: number): number | undefined {
    return ms > 0 ? Math.ceil(ms / 1000) : undefined;
  }

  #tell(address: string | undefined, ms: number): number | undefined {
    const text = `${this.#name}: ${address} sends one wrong key after the other: it gets no reply but to wait`;
    this.#log.warn(networkOf(address ?? ''), { client: address }, text);
    return this.#wait(ms);
  }
}
