import { Observable } from 'rxjs';
import { linkedAbort } from '../../../src/kit/clock.ts';
import type { RoleContext } from '../../../src/kit/role.ts';
import type { Lane, Reading, Source } from '../../../src/kit/source.ts';
import { LogLane } from './lane.ts';
import type { Bounds, LogStore, Topic } from './store.ts';
import type { LogUsage } from './usage.ts';

const usage: LogUsage = {
  group: '',
  from: 'earliest',
  warmUp: { by: 'count', count: 0 },
  batch: 500,
  batchBytes: 1024 * 1024,
};

/** A message may be dated so much later than it was appended: its machine's clock is ahead, or ours was set back. */
const aheadMs = 60_000;

/**
 * Reads the current content of a log, each partition from its first record to its end at the start. With `since` from the first one
 * that was appended at most a minute before that time.
 */
export class LogBrowser implements Source {
  readonly replayable = false;
  readonly lanes: Observable<Lane>;
  readonly #store: LogStore;
  readonly #stopped = linkedAbort().controller;
  #topic: Topic | undefined;

  constructor(store: LogStore, context: RoleContext, since?: number) {
    this.#store = store;
    this.lanes = new Observable((subscriber) => {
      const { partitions = 0, id = '' } = this.#topic ?? {};
      const bounds = store.bounds();
      for (let partition = 0; partition < partitions; partition++) {
        const held = bounds[partition] ?? { first: 0, next: 0 };
        const { next } = held;
        const first = since === undefined ? held.first : firstSince(store, { partition, ...held, since });
        const lane = new LogLane({
          ...{ store, partition, usage, context, start: { position: first }, epoch: -1 },
          topic: { id, partitions, name: store.topic },
          stopped: this.#stopped.signal,
          lost: () => {},
        });
        subscriber.next(browsed(lane, first, next));
      }
      subscriber.complete();
    });
  }

  async connect(signal: AbortSignal): Promise<void> {
    this.#topic = await this.#store.open(signal);
  }

  async close(): Promise<void> {
    this.#stopped.abort();
    await this.#store.close();
  }
}

/** The lane up to `end`; it commits nothing. */
function browsed(lane: LogLane, first: number, end: number): Lane {
  let position = first;
  return {
    id: lane.id,
    signal: lane.signal,
    log: lane.log,
    read: async (signal): Promise<Reading | undefined> => {
      if (position >= end) return undefined;
      const reading = await lane.read(signal);
      if (reading === undefined) return undefined;
      position = reading.position ?? end;
      const messages = reading.messages.filter(({ meta }) => (meta.offset ?? 0) < end);
      return { messages, bytes: reading.bytes };
    },
  };
}

/** Where a partition begins for who asks for messages since a time: found in as many steps as the number of records has binary digits. */
function firstSince(
  store: LogStore,
  { partition, first, next, since }: Bounds & { readonly partition: number; readonly since: number },
): number {
  let [low, high] = [first, next];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const appended = store.appendedAt(partition, middle) ?? Number.POSITIVE_INFINITY;
    if (appended < since - aheadMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
