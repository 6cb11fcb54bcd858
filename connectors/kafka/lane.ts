import { FdpError } from '../../src/errors.ts';
import { linkedAbort, woken } from '../../src/kit/clock.ts';
import type { SourceMessage } from '../../src/kit/message.ts';
import type { RoleContext } from '../../src/kit/role.ts';
import type { Committed, Lane, LaneLog, LanePosition, Reading } from '../../src/kit/source.ts';
import type { LogUsage } from '../shared/log/usage.ts';
import type { Want } from './client.ts';
import type { Fetched } from './fetch-response.ts';
import { after, bytesOf, type Item, isUnreadable, messageFrom, weightOf } from './messages.ts';
import type { KafkaRecord } from './record-batch.ts';

/** The size of a lane's fetches, and below which it fetches more, bytes. */
const fetchBytes = 512 * 1024;
const lowBytes = 256 * 1024;

export interface LaneOptions {
  readonly id: string;
  readonly name: string;
  readonly topic: string;
  readonly partition: number;
  /** The position that the group has committed. */
  readonly start: Committed;
  /** Where the lane begins to read, to warm up: the position, or before it. */
  readonly warmFrom: number;
  /** The log's end when the lane was opened, beyond any open transaction. */
  readonly end: number;
  readonly usage: LogUsage;
  readonly context: RoleContext;
  /** Aborts when the source stops its intake. */
  readonly stopped: AbortSignal;
  /** Makes a position durable; throws after a rebalance. */
  commit(committed: Committed): Promise<void>;
  /** Called when the lane has room for more. */
  onHungry(): void;
  /** Where to begin to read for another position. */
  warmUpStart(position: number): Promise<number>;
  recordAt(offset: number): Promise<KafkaRecord | undefined>;
  range(): Promise<{ readonly first: number; readonly next: number }>;
}

/** One partition while it is assigned to this member. Keeps records that were fetched ahead, within bounds. */
export class KafkaLane implements Lane {
  readonly id: string;
  readonly partition: number;
  readonly signal: AbortSignal;
  readonly batch: number;
  readonly log: LaneLog = {
    recordAt: (offset) => this.#recordAt(offset),
    range: () => this.#options.range(),
  };
  readonly group: LanePosition;
  readonly #abort = linkedAbort().controller;
  readonly #options: LaneOptions;
  readonly #buffer: Item[] = [];
  #bufferBytes = 0;
  /** Where the next fetch begins. */
  #fetchAt = 0;
  /** Where the warm-up ends; undefined after it. */
  #warmUntil: number | undefined;
  /** The position after the last reading. */
  #given = 0;
  /** The last reading announced more. */
  #isAwaited = false;
  #committed = 0;
  #end: number;
  /** Where an open transaction begins, or the end. */
  #stable: number;
  #wake = () => {};

  constructor(options: LaneOptions) {
    const { id, partition, start, end, usage, warmFrom } = options;
    this.id = id;
    this.partition = partition;
    this.signal = this.#abort.signal;
    this.group = {
      start,
      commit: (position, note) => this.#commit(position, note),
      rewind: (position, note) => this.#rewind(position, note),
    };
    this.batch = usage.batch;
    this.#options = options;
    this.#end = end;
    this.#stable = end;
    this.#beginAt(start.position, warmFrom);
  }

  /** Messages that are not committed yet, without Kafka's own records before the position. */
  get lag(): number {
    const behind = this.#committed >= this.#given && this.#buffer.length === 0 ? this.#fetchAt : this.#committed;
    return Math.max(0, this.#end - Math.max(behind, this.#committed));
  }

  /** The offset of a transaction that is still open, once all before it was fetched. */
  get heldUpAt(): number | undefined {
    return this.#stable < this.#end && this.#fetchAt >= this.#stable ? this.#stable : undefined;
  }

  /** Messages behind an open transaction, and its own. */
  get heldUp(): number {
    return Math.max(0, this.#end - this.#stable);
  }

  /** What to fetch next; undefined while the buffer is full, or nothing is to be read. */
  get want(): Want | undefined {
    if (this.signal.aborted || this.#options.stopped.aborted || this.#bufferBytes >= lowBytes) return undefined;
    return { partition: this.partition, offset: this.#fetchAt, maxBytes: fetchBytes };
  }

  revoke(): void {
    this.#abort.abort();
    this.#buffer.length = 0;
    this.#wake();
  }

  /** Sets the log's end, from another call. */
  endsAt(end: number): void {
    this.#end = Math.max(end, this.#fetchAt);
  }

  /** Takes the result of a fetch from `offset`. */
  take(offset: number, { next, items, end, stable }: Fetched): void {
    if (this.signal.aborted || offset !== this.#fetchAt) return;
    this.#end = end;
    this.#stable = stable;
    for (const item of items) {
      if (item.offset < offset && !isUnreadable(item)) continue;
      this.#buffer.push(item);
      this.#bufferBytes += weightOf(item);
    }
    if (next !== undefined) this.#fetchAt = Math.max(next, offset);
    this.#wake();
  }

  /** The log begins after the position: the records between were removed. */
  skipTo(first: number): void {
    const missed = first - Math.max(this.#fetchAt, this.#warmUntil ?? 0);
    this.#fetchAt = first;
    if (missed <= 0) return;
    const { name, context } = this.#options;
    context.node.count('gap', missed);
    context.log.error(
      { lane: this.id, missed },
      `${name}: ${missed} messages of partition ${this.partition} were removed before they were read; continuing from ${first}`,
    );
  }

  async read(signal: AbortSignal): Promise<Reading | undefined> {
    const stop = linkedAbort(signal, this.signal, this.#options.stopped);
    const stopped = stop.controller.signal;
    try {
      while (!stopped.aborted) {
        const reading = this.#readNow();
        if (this.want) this.#options.onHungry();
        if (reading) return reading;
        await woken(stopped, (wake) => {
          this.#wake = wake;
          return () => {
            this.#wake = () => {};
          };
        });
      }
      return undefined;
    } finally {
      stop.release();
    }
  }

  async #commit(position: number, note?: string): Promise<void> {
    const { context } = this.#options;
    await context.failPoint('position-before-commit');
    if (position <= this.#committed && !this.signal.aborted) return;
    await this.#keep(position, note);
    await context.failPoint('position-after-commit');
  }

  async #rewind(position: number, note?: string): Promise<void> {
    const warmFrom = await this.#options.warmUpStart(position);
    await this.#keep(position, note);
    this.#buffer.length = 0;
    this.#bufferBytes = 0;
    this.#beginAt(position, warmFrom);
    this.#options.onHungry();
  }

  async #recordAt(offset: number): ReturnType<LaneLog['recordAt']> {
    const record = await this.#options.recordAt(offset);
    return record && { timestamp: record.timestamp, key: record.key, raw: record.value ?? new Uint8Array() };
  }

  #beginAt(position: number, warmFrom: number): void {
    this.#committed = position;
    this.#given = position;
    this.#fetchAt = warmFrom;
    this.#warmUntil = warmFrom < position ? position : undefined;
  }

  /** Makes a position durable, as long as the partition is assigned to this member. */
  async #keep(position: number, note: string | undefined): Promise<void> {
    const { name, usage } = this.#options;
    if (this.signal.aborted)
      throw new FdpError(
        'FDP_LEASE_LOST',
        `${name}: partition ${this.partition} of group ${usage.group} was assigned to another member`,
      );
    await this.#options.commit(note === undefined ? { position } : { position, note });
    this.#committed = position;
  }

  #readNow(): Reading | undefined {
    const until = this.#warmUntil;
    if (until === undefined) return this.#next();
    const past = this.#takeBatch(until);
    if (past) return { messages: past.messages, bytes: past.bytes, warmUp: true };
    // Only after everything before the position was fetched: until then there is nothing to give.
    if (this.#buffer.length === 0 && this.#fetchAt < until) return undefined;
    this.#warmUntil = undefined;
    return this.#next();
  }

  /** A batch; or nothing, once, in place of what the last one announced, if that was only Kafka's own records. */
  #next(): Reading | undefined {
    const found = this.#takeBatch(Number.POSITIVE_INFINITY);
    const more = this.#buffer.length > 0 || this.#fetchAt < Math.min(this.#stable, this.#end);
    if (!found && (more || !this.#isAwaited)) return undefined;
    this.#isAwaited = more;
    return { ...(found ?? { messages: [], bytes: 0 }), more };
  }

  /** A batch within the limits, of records before `until`. */
  #takeBatch(until: number): (Reading & { readonly position: number }) | undefined {
    const { topic, usage } = this.#options;
    const { batch, batchBytes } = usage;
    const messages: SourceMessage[] = [];
    let [bytes, count, position] = [0, 0, this.#given];
    const origin = { lane: this.id, topic, partition: this.partition };
    for (const item of this.#buffer) {
      const more = bytesOf(item);
      if (item.offset >= until || count >= batch || (count > 0 && bytes + more > batchBytes)) break;
      bytes += more;
      count++;
      this.#bufferBytes -= weightOf(item);
      messages.push(messageFrom(item, origin));
      position = after(item);
    }
    if (count === 0) return undefined;
    this.#buffer.splice(0, count);
    this.#given = Math.max(this.#given, position);
    return { messages, bytes, position };
  }
}
