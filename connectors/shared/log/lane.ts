import { FdpError } from '../../../src/errors.ts';
import { linkedAbort, onAbort } from '../../../src/kit/clock.ts';
import type { RoleContext } from '../../../src/kit/role.ts';
import type { Committed, Lane, LaneLog, LanePosition, Reading } from '../../../src/kit/source.ts';
import { decodeRecord } from './codec.ts';
import { warmUpStart } from './start.ts';
import type { Bounds, LogStore, StoredRecord, Topic } from './store.ts';
import type { LogUsage } from './usage.ts';

/** How long a reader waits if another process locks out even readers, ms. */
const busyMs = 10;

export interface LogLaneOptions {
  readonly store: LogStore;
  readonly topic: Topic & { readonly name: string };
  readonly partition: number;
  readonly start: Committed;
  readonly epoch: number;
  readonly usage: LogUsage;
  readonly context: RoleContext;
  /** Aborts when the source stops its intake. */
  readonly stopped: AbortSignal;
  /** Called when a commit finds that another process holds the lease. */
  lost(): void;
}

/** One partition of a log, read by the holder of its group's lease. */
export class LogLane implements Lane {
  readonly id: string;
  readonly signal: AbortSignal;
  readonly batch: number;
  readonly log: LaneLog = {
    recordAt: (offset) => this.#recordAt(offset),
    range: async () => this.#bounds(),
  };
  readonly group: LanePosition;
  readonly #abort = linkedAbort().controller;
  readonly #options: LogLaneOptions;
  /** The next offset to read. */
  #next = 0;
  /** Where the warm-up ends; undefined after it. */
  #warmUntil: number | undefined;
  /** The warm-up is by time, and where it begins has not been looked for yet. */
  #isStartUnknown = false;
  #committed = 0;
  /** The last reading announced more. */
  #isAwaited = false;
  /** Who reads it: what stops that, and how to forget that. */
  #reader: { readonly signal: AbortSignal; readonly stop: AbortSignal; release(): void } | undefined;

  constructor(options: LogLaneOptions) {
    const { topic, partition, start, usage } = options;
    this.id = `${topic.id}/${topic.name}/${partition}`;
    this.signal = this.#abort.signal;
    this.group = {
      start,
      commit: (position, note) => this.#commit(position, note),
      rewind: (position, note) => this.#rewind(position, note),
    };
    this.batch = usage.batch;
    this.#options = options;
    this.#beginAt(start.position);
  }

  /** The last committed position. */
  get committed(): number {
    return this.#committed;
  }

  revoke(): void {
    this.#abort.abort();
  }

  async read(signal: AbortSignal): Promise<Reading | undefined> {
    const { store, partition } = this.#options;
    const stop = this.#stopped(signal);
    while (!stop.aborted) {
      const version = store.version(partition);
      const reading = (await this.#findStart()) ?? this.#readNow() ?? this.#nothing();
      if (reading === 'busy') await this.#options.context.clock.sleep(busyMs, stop);
      else if (reading) return reading;
      else await store.changedSince(partition, version, stop);
    }
    return undefined;
  }

  /** Takes back that the last reading announced more. */
  #nothing(): Reading | undefined {
    if (!this.#isAwaited) return undefined;
    this.#isAwaited = false;
    return { messages: [], bytes: 0, more: false };
  }

  /** Aborts when any of them does. Made once: one reader reads a lane, with the same signal each time. */
  #stopped(signal: AbortSignal): AbortSignal {
    if (this.#reader?.signal === signal) return this.#reader.stop;
    this.#reader?.release();
    const { controller, release } = linkedAbort(signal, this.signal, this.#options.stopped);
    onAbort(controller.signal, release);
    this.#reader = { signal, stop: controller.signal, release };
    return controller.signal;
  }

  async #commit(position: number, note?: string): Promise<void> {
    const { context } = this.#options;
    await context.failPoint('position-before-commit');
    await this.#keep(Math.max(this.#committed, position), note);
    await context.failPoint('position-after-commit');
  }

  async #rewind(position: number, note?: string): Promise<void> {
    await this.#keep(position, note);
    this.#beginAt(position);
  }

  async #recordAt(offset: number): ReturnType<LaneLog['recordAt']> {
    const [record] = this.#options.store.read(this.#options.partition, offset, { count: 1, bytes: 1 });
    if (record?.offset !== offset) return undefined;
    const { timestamp, key, value: raw } = record;
    return { timestamp, key, raw };
  }

  #beginAt(position: number): void {
    const { warmUp } = this.#options.usage;
    this.#committed = position;
    this.#isStartUnknown = warmUp.by === 'time' && warmUp.ms > 0;
    this.#next = warmUp.by === 'count' ? Math.max(0, position - warmUp.count) : position;
    this.#warmUntil = this.#next < position ? position : undefined;
  }

  /** Before the first reading of a warm-up by time. */
  async #findStart(): Promise<'busy' | undefined> {
    const { store, partition, usage, context } = this.#options;
    const position = this.#committed;
    if (!this.#isStartUnknown || usage.warmUp.by === 'count') return undefined;
    try {
      this.#next = await warmUpStart(store, partition, { position, ms: usage.warmUp.ms, clock: context.clock });
    } catch (error) {
      if (error instanceof FdpError && error.code === 'FDP_BUSY') return 'busy';
      throw error;
    }
    this.#isStartUnknown = false;
    this.#warmUntil = this.#next < position ? position : undefined;
    return undefined;
  }

  /** Makes a position durable, as long as this process holds the lease. */
  async #keep(position: number, note: string | undefined): Promise<void> {
    const { store, usage, epoch, partition } = this.#options;
    const committed = note === undefined ? { position } : { position, note };
    const held = !this.signal.aborted && (await store.commit(usage.group, epoch, new Map([[partition, committed]])));
    if (!held) {
      if (!this.signal.aborted) this.#options.lost();
      throw new FdpError(
        'FDP_LEASE_LOST',
        `${store.name}: partition ${partition} of group ${usage.group} was assigned to another member`,
      );
    }
    this.#committed = position;
  }

  #bounds(): Bounds {
    return this.#options.store.bounds()[this.#options.partition] ?? { first: 0, next: 0 };
  }

  #readNow(): Reading | 'busy' | undefined {
    const { store, partition, usage } = this.#options;
    try {
      const warm = this.#warmUntil;
      const count = warm === undefined ? usage.batch : Math.min(usage.batch, warm - this.#next);
      const records = count > 0 ? store.read(partition, this.#next, { count, bytes: usage.batchBytes }) : [];
      if (warm !== undefined) return this.#warmUp(records, warm) ?? this.#readNow();
      const [first] = records;
      if (first && first.offset > this.#next) this.#removed(first.offset);
      return first ? this.#announced(this.#reading(records)) : this.#emptyGap();
    } catch (error) {
      if (error instanceof FdpError && error.code === 'FDP_BUSY') return 'busy';
      throw error;
    }
  }

  #warmUp(records: readonly StoredRecord[], until: number): Reading | undefined {
    const past = records.filter((record) => record.offset < until);
    if (past.length === 0) {
      this.#next = until;
      this.#warmUntil = undefined;
      return undefined;
    }
    const { messages, bytes } = this.#reading(past);
    return { messages, bytes, warmUp: true };
  }

  #reading(records: readonly StoredRecord[]): Reading & { readonly position: number } {
    const { topic, partition } = this.#options;
    const origin = { lane: this.id, topic: topic.name, partition };
    let bytes = 0;
    const messages = records.map((record) => {
      bytes += Buffer.byteLength(record.value);
      return decodeRecord(record, origin);
    });
    this.#next = (records.at(-1)?.offset ?? this.#next - 1) + 1;
    return { messages, bytes, position: this.#next };
  }

  /** A reading that is as large as it may be is probably followed by more. */
  #announced(reading: Reading): Reading {
    const { store, usage } = this.#options;
    if (!store.tellsMore) return reading;
    const { batch, batchBytes } = usage;
    this.#isAwaited = reading.messages.length === batch || reading.bytes > batchBytes / 2;
    return { ...reading, more: this.#isAwaited };
  }

  /** Handles that everything up to the log's end may have been removed before it was read. */
  #emptyGap(): undefined {
    const { first } = this.#bounds();
    if (first > this.#next) {
      this.#gap(first);
      this.#next = first;
    }
    return undefined;
  }

  /** Offsets before `first` that the log no longer has were removed; others may have been left out from the beginning. */
  #removed(first: number): void {
    const kept = Math.min(first, this.#bounds().first);
    if (kept > this.#next) this.#gap(kept);
  }

  #gap(first: number): void {
    const { context, store, partition } = this.#options;
    const missed = first - this.#next;
    context.node.count('gap', missed);
    context.log.error(
      { lane: this.id, missed },
      `${store.name}: ${missed} messages of partition ${partition} were removed before they were read; continuing from ${first}`,
    );
  }
}
