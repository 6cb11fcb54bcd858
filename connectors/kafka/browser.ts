import { Observable } from 'rxjs';
import { FdpError } from '../../src/errors.ts';
import { onAbort } from '../../src/kit/clock.ts';
import type { RoleContext } from '../../src/kit/role.ts';
import type { Lane, Reading, Source } from '../../src/kit/source.ts';
import type { Client, TopicFacts } from './client.ts';
import { bytesOf, messageFrom } from './messages.ts';
import { rangeOf, recordAt } from './partition.ts';
import type { TopicOptions } from './topic.ts';

const fetchBytes = 512 * 1024;
const waitMs = 250;

/**
 * Reads the current content of a topic, each partition from its first record to its end at the start. With `since` from the first
 * record that is dated so, which the topic's index of times finds.
 */
export class KafkaBrowser implements Source {
  readonly replayable = false;
  readonly lanes: Observable<Lane>;
  readonly #options: TopicOptions;
  readonly #context: RoleContext;
  readonly #newClient: () => Client;
  readonly #since: number | undefined;
  readonly #stopped = new AbortController();
  #client: Client | undefined;
  #topic: TopicFacts | undefined;
  /** The offsets between which each partition is read; records of open transactions are excluded. */
  #ranges: readonly { readonly first: number; readonly end: number }[] = [];

  constructor(parts: {
    options: TopicOptions;
    context: RoleContext;
    newClient: () => Client;
    since?: number | undefined;
  }) {
    this.#options = parts.options;
    this.#context = parts.context;
    this.#newClient = parts.newClient;
    this.#since = parts.since;
    this.lanes = new Observable((subscriber) => {
      for (const partition of this.#ranges.keys()) subscriber.next(this.#lane(partition));
      subscriber.complete();
    });
  }

  /** A missing topic counts as empty and is not created. */
  async connect(signal: AbortSignal): Promise<void> {
    await this.#client?.close();
    const client = this.#newClient();
    this.#client = client;
    const release = onAbort(signal, () => void client.close());
    try {
      await client.connect();
      this.#topic = await client.topic();
      if (this.#topic) await client.refresh();
      const partitions = Array.from({ length: this.#topic?.partitions ?? 0 }, (_, partition) => partition);
      // Negative times have meanings of their own in Kafka.
      const since = this.#since === undefined ? 'earliest' : Math.max(0, Math.floor(this.#since));
      const first = await client.offsets(partitions, since);
      const end = await client.offsets(partitions, 'latest');
      this.#ranges = partitions.map((each) => rangeFrom(first.get(each), end.get(each)));
    } finally {
      release();
    }
  }

  async close(): Promise<void> {
    this.#stopped.abort();
    await this.#client?.close();
  }

  #lane(partition: number): Lane {
    const { topic, name } = this.#options;
    const { first = 0, end = 0 } = this.#ranges[partition] ?? {};
    const client = this.#client;
    if (client === undefined) throw new FdpError('FDP_CLOSED', `${name}: not connected`);
    const id = `${this.#topic?.id}/${topic}/${partition}`;
    let at = first;
    return {
      id,
      signal: this.#stopped.signal,
      log: { range: () => rangeOf(client, partition), recordAt: (offset) => recordAt(client, partition, offset) },
      read: async (signal): Promise<Reading | undefined> => {
        while (at < end && !signal.aborted && !this.#stopped.signal.aborted) {
          const items = await this.#fetch(client, { partition, offset: at });
          const inside = items.found.filter(({ offset }) => offset >= at && offset < end);
          at = items.next ?? at;
          if (inside.length === 0) continue;
          const messages = inside.map((item) => messageFrom(item, { lane: id, topic, partition }));
          return { messages, bytes: inside.reduce((sum, item) => sum + bytesOf(item), 0) };
        }
        return undefined;
      },
    };
  }

  async #fetch(client: Client, { partition, offset }: { partition: number; offset: number }) {
    const leader = client.leaderOf(partition) ?? -1;
    const [fetched] =
      leader < 0 ? [] : await client.fetch(leader, [{ partition, offset, maxBytes: fetchBytes }], waitMs);
    if (fetched?.error === 0) return { found: fetched.items, next: fetched.next };
    const { first } = await rangeOf(client, partition);
    if (first > offset) return { found: [], next: first };
    await this.#context.clock.sleep(waitMs, this.#stopped.signal);
    await client.refresh();
    return { found: [], next: undefined };
  }
}

/** Nothing of a partition without a record of the time that is asked for. */
function rangeFrom(first = 0, end = 0): { readonly first: number; readonly end: number } {
  return { first: first < 0 ? end : first, end };
}
