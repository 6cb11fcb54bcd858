import { concatMap, from, lastValueFrom, toArray } from 'rxjs';
import { toMessage } from '../../../src/kit/message.ts';
import type { Lane, Source } from '../../../src/kit/source.ts';
import type { Contribution, Evidence, IdentifiedMessage, Missing } from './evidence.ts';

/**
 * The messages of a log, from its first record to the end that it has when the reading begins. What comes later is not given:
 * a row that counted it meanwhile is compared as it was before.
 */
export class LogEvidence implements Evidence {
  readonly name: string;
  readonly #browse: () => Source;
  readonly #contributions: (messages: readonly IdentifiedMessage[]) => readonly Contribution[];
  /** The offset after the last one that was given of each lane. */
  readonly #reached = new Map<string, number>();

  /** @param browse a reading of the whole log that ends */
  constructor(
    name: string,
    browse: () => Source,
    contributions: (messages: readonly IdentifiedMessage[]) => readonly Contribution[],
  ) {
    this.name = name;
    this.#browse = browse;
    this.#contributions = contributions;
  }

  async *pages(signal: AbortSignal): AsyncGenerator<readonly Contribution[]> {
    const source = this.#browse();
    this.#reached.clear();
    try {
      await source.connect(signal);
      for (const lane of await lanesOf(source)) yield* this.#lane(lane, signal);
    } finally {
      await source.close();
    }
  }

  async more(): Promise<readonly Contribution[]> {
    return [];
  }

  hasReached(lane: string, offset: number): boolean {
    return offset < (this.#reached.get(lane) ?? 0);
  }

  /** A log whose first records were removed, and when the oldest that is left was received. */
  async missing(signal: AbortSignal): Promise<Missing | undefined> {
    const source = this.#browse();
    let before: number | undefined;
    try {
      await source.connect(signal);
      for (const lane of await lanesOf(source)) {
        const { first, next } = (await lane.log?.range()) ?? { first: 0, next: 0 };
        if (first === 0) continue;
        const record = first < next ? await lane.log?.recordAt(first) : undefined;
        before = Math.max(before ?? Number.NEGATIVE_INFINITY, record?.timestamp ?? Number.POSITIVE_INFINITY);
      }
      return before === undefined ? undefined : { why: 'its oldest records were removed', before };
    } finally {
      await source.close();
    }
  }

  async *#lane(lane: Lane, signal: AbortSignal): AsyncGenerator<readonly Contribution[]> {
    for (;;) {
      const reading = await lane.read(signal);
      if (reading === undefined) return;
      // Only what was given counts: the log has grown beyond that meanwhile.
      const last = reading.messages.at(-1)?.meta.offset;
      if (last !== undefined) this.#reached.set(lane.id, last + 1);
      const readable = reading.messages.filter(({ problem }) => problem === undefined);
      yield this.#contributions(
        readable.map((record) => ({
          id: `${record.meta.lane} ${record.meta.offset}`,
          message: toMessage(record, undefined),
        })),
      );
    }
  }
}

/** The lanes of a reading that ends: all are there at once. */
function lanesOf(source: Source): Promise<readonly Lane[]> {
  return lastValueFrom(
    source.lanes.pipe(
      concatMap((lane) => from([lane])),
      toArray(),
    ),
  );
}
