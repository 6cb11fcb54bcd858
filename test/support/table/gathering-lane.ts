import { Subject, type Subscription } from 'rxjs';
import { readTable } from '../../../connectors/shared/table/definition.ts';
import { Gather } from '../../../connectors/shared/table/gather.ts';
import { type Batch, countOf, type LaneContext, type Message } from '../../../src/kit/message.ts';
import { Outcome, Track } from '../../../src/kit/track.ts';
import { VirtualClock } from '../../../src/simulate/virtual-clock.ts';

const definition = readTable('symbols', { unique: 'symbol', fields: { symbol: 'string', trades: 'int64' } });

interface WriteInHand {
  /** What was written: a message may stand for several. */
  readonly messages: readonly Message[];
  readonly offsets: readonly number[];
  /** The store has all of it. */
  done(): void;
}

/** A lane before a sink that gathers, driven by hand. */
export class GatheringLane {
  readonly clock: VirtualClock;
  /** Whether more was read than has come. */
  hasMore = false;
  /** Whether more is in the log. */
  isBehind = false;
  /** Every write, in order; the last may be under way. */
  readonly writes: WriteInHand[] = [];
  /** Messages that are absorbed and not durable. */
  absorbed = 0;
  passedOn = 0;
  isComplete = false;
  readonly subscription: Subscription;
  #next = 0;
  #idle = () => {};
  readonly #batches = new Subject<Batch>();
  /** Offsets of messages that the preceding sink had stored before. */
  readonly storedBefore = new Set<number>();
  readonly #context: LaneContext = {
    id: 'log/topic/0',
    signal: new AbortController().signal,
    moreComes: (idle: () => void, inLog = false) => {
      const moreComes = this.hasMore || (inLog && this.isBehind);
      if (moreComes) this.#idle = idle;
      return moreComes;
    },
    hasBacklog: () => this.isBehind,
  };

  /** @param isLog its messages can be read again */
  constructor(gather: Gather, clock: VirtualClock, isLog = false) {
    this.clock = clock;
    if (isLog) this.#context = { ...this.#context, bytesAt: async () => 'bytes' };
    const write = (batch: Batch) =>
      new Promise<Batch>((resolve) => {
        const done = () => {
          for (const { track } of batch.messages) track.endAbsorbed(Outcome.delivered);
          resolve(batch);
        };
        const { messages } = batch;
        const each = messages.flatMap((message) => message.together?.parts() ?? message);
        this.writes.push({ messages, offsets: each.map(({ meta }) => Number(meta.offset)), done });
      });
    const wasStored = ({ meta }: Message) => this.storedBefore.has(meta.offset ?? -1);
    this.subscription = this.#batches.pipe(gather.lane(write, wasStored)).subscribe({
      next: ({ messages }) => {
        this.passedOn += messages.reduce((sum, message) => sum + countOf(message), 0);
      },
      complete: () => {
        this.isComplete = true;
      },
    });
  }

  give(count: number, { raw, keys = 1 }: { readonly raw?: Uint8Array; readonly keys?: number } = {}): void {
    const messages = Array.from({ length: count }, (): Message => {
      const meta = { lane: 'log/topic/0', topic: 'topic', partition: 0, offset: this.#next++ };
      const record = { key: `k${meta.offset % keys}`, timestamp: this.clock.now(), meta, raw };
      const ended = () => {
        this.absorbed--;
      };
      const absorbed = (isAbsorbed: boolean) => {
        this.absorbed += isAbsorbed ? 1 : -1;
      };
      const value = { merge: { by: { symbol: record.key }, count: { trades: 1 } } };
      return { ...record, value, track: new Track({ ended, absorbed }, record) };
    });
    this.#batches.next({ lane: this.#context, messages, warmUp: false });
  }

  /** Whatever was read has come. */
  rest(): void {
    this.hasMore = false;
    this.#idle();
  }

  end(): void {
    this.#batches.complete();
  }

  /** The write under way is durable. */
  async durable(): Promise<void> {
    this.writes.at(-1)?.done();
    await this.clock.turn();
  }
}

export function start(isLog = false): { lane: GatheringLane; clock: VirtualClock; gather: Gather } {
  const clock = new VirtualClock();
  const gather = new Gather(clock, definition);
  return { lane: new GatheringLane(gather, clock, isLog), clock, gather };
}

/** Messages of each write. */
export const sizes = ({ writes }: GatheringLane) => writes.map(({ offsets }) => offsets.length);
