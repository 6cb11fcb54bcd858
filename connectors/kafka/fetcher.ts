import { errorText, faultOf, isRetriable } from '../../src/errors.ts';
import { Backoff } from '../../src/kit/backoff.ts';
import type { Environment } from '../../src/kit/environment.ts';
import { type Client, longestWaitMs, type Want } from './client.ts';
import type { KafkaLane } from './lane.ts';

/**
 * How long a broker may hold a fetch that finds nothing, ms: the longest that a lane which needs more meanwhile waits.
 */
const waitMs = 250;
const outOfRange = 1;

export interface FetcherOptions {
  readonly client: Client;
  readonly environment: Pick<Environment, 'clock' | 'chance' | 'log'>;
  readonly stopped: AbortSignal;
  lanes(): Iterable<KafkaLane>;
  /** A lane wants an offset that the log does not have; resolves when the lane knows where to continue. */
  onOutOfRange(lane: KafkaLane, offset: number): Promise<void>;
  /** Called with errors that no retry fixes. */
  onFatal(error: unknown): void;
}

/**
 * Fetches for all lanes that need more: one fetch per broker at a time, so that none waits behind another's long poll.
 */
export class Fetcher {
  readonly #options: FetcherOptions;
  readonly #busy = new Set<number>();
  readonly #backoffs = new Map<number, Backoff>();
  #turn = 0;

  constructor(options: FetcherOptions) {
    this.#options = options;
  }

  /** Starts fetches for lanes that need more. Called whenever a lane does. */
  pump(): void {
    const { client, lanes, stopped } = this.#options;
    if (stopped.aborted) return;
    const wanted = new Map<number, Map<KafkaLane, Want>>();
    // Lanes take turns at being the first: only the first gets a batch that is larger than the requested size.
    const all = [...lanes()];
    const from = this.#turn++ % Math.max(1, all.length);
    for (const lane of [...all.slice(from), ...all.slice(0, from)]) {
      const want = lane.want;
      // Without a known leader any broker is asked, which replies that it is not the leader: then leaders are fetched
      // again.
      const leader = client.leaderOf(lane.partition) ?? -1;
      if (want === undefined || this.#busy.has(leader)) continue;
      wanted.set(leader, (wanted.get(leader) ?? new Map<KafkaLane, Want>()).set(lane, want));
    }
    for (const [leader, wants] of wanted) {
      this.#busy.add(leader);
      void this.#fetch(leader, wants).finally(() => {
        this.#busy.delete(leader);
        this.pump();
      });
    }
  }

  async #fetch(leader: number, wants: ReadonlyMap<KafkaLane, Want>): Promise<void> {
    const { client, environment, stopped } = this.#options;
    const backoff = this.#backoffs.get(leader) ?? new Backoff(environment, longestWaitMs);
    this.#backoffs.set(leader, backoff);
    try {
      const found = leader < 0 ? [] : await client.fetch(leader, [...wants.values()], waitMs);
      const mustRefresh = await this.#handOver(found, wants);
      if (leader >= 0 && !mustRefresh) return backoff.reset();
    } catch (error) {
      environment.log.debug({ leader }, errorText(error));
      if (stopped.aborted) return;
      if (faultOf(error) !== undefined && !isRetriable(error)) return this.#options.onFatal(error);
    }
    await backoff.wait(stopped);
    if (!stopped.aborted) await client.refresh().catch(() => {});
  }

  /** True if the leader of some partition has changed. */
  async #handOver(found: Awaited<ReturnType<Client['fetch']>>, wants: ReadonlyMap<KafkaLane, Want>): Promise<boolean> {
    let mustRefresh = false;
    for (const [lane, { partition, offset }] of wants) {
      const fetched = found.find((each) => each.partition === partition);
      if (fetched === undefined) continue;
      if (fetched.error === 0) lane.take(offset, fetched);
      else if (fetched.error === outOfRange) await this.#options.onOutOfRange(lane, offset);
      else mustRefresh = true;
    }
    return mustRefresh;
  }
}
