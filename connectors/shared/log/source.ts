import { Observable, type Subscriber } from 'rxjs';
import { errorText, FdpError, faultOf } from '../../../src/errors.ts';
import { linkedAbort } from '../../../src/kit/clock.ts';
import type { RoleContext } from '../../../src/kit/role.ts';
import type { Lane, Source } from '../../../src/kit/source.ts';
import { LogLane } from './lane.ts';
import { keepLease, waitForLease } from './lease.ts';
import { startPositions } from './start.ts';
import type { LogStore, Topic } from './store.ts';
import type { LogUsage } from './usage.ts';

/**
 * Reads a log as a member of a consumer group: one lane per partition. One role at a time reads for a group; others are
 * in standby in `connect`. When the lease is lost the lanes end and their Observable fails with FDP_LEASE_LOST.
 */
export class LogSource implements Source {
  readonly replayable = true;
  readonly lanes: Observable<Lane> = new Observable((subscriber) => this.#subscribe(subscriber));
  readonly #store: LogStore;
  readonly #usage: LogUsage;
  readonly #context: RoleContext;
  readonly #open = new Map<number, LogLane>();
  #topic: Topic | undefined;
  #epoch: number | undefined;
  #takenOver = false;
  #stopBeat = () => {};
  #stopRevoke = () => {};
  #stopped = linkedAbort().controller;
  #subscriber: Subscriber<Lane> | undefined;
  #failure: FdpError | undefined;
  #closing: Promise<void> | undefined;

  constructor(store: LogStore, usage: LogUsage, context: RoleContext) {
    this.#store = store;
    this.#usage = usage;
    this.#context = context;
  }

  get takenOver(): boolean {
    return this.#takenOver;
  }

  async connect(signal: AbortSignal): Promise<void> {
    await this.#closing;
    this.#closing = undefined;
    await this.#free();
    this.#stopped = linkedAbort().controller;
    this.#failure = undefined;
    const { group } = this.#usage;
    this.#topic = await this.#store.open(signal);
    const { epoch, takenOver } = await waitForLease(this.#store, group, this.#context, signal);
    this.#epoch = epoch;
    this.#takenOver = takenOver;
    this.#stopBeat = keepLease(this.#store, { group, epoch }, this.#context, (error) => this.#lost(error));
    if (takenOver) this.#context.log.warn({ group, epoch }, `${this.#store.name}: took group ${group} over`);
    const missing = await startPositions(this.#store, this.#usage, this.#context.clock);
    if (missing.size > 0 && !(await this.#store.commit(group, epoch, missing))) throw this.#lost();
    this.#stopRevoke = this.#store.onRevoke?.((partition) => this.#reopen(partition)) ?? (() => {});
  }

  lag(): number | undefined {
    try {
      const bounds = this.#store.bounds();
      let lag = 0;
      for (const [partition, lane] of this.#open) {
        const { first, next } = bounds[partition] ?? { first: 0, next: 0 };
        lag += Math.max(0, next - Math.max(first, lane.committed));
      }
      return this.#open.size > 0 ? lag : undefined;
    } catch {
      return undefined; // busy: it is asked again in a second
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#free();
    return this.#closing;
  }

  async #free(): Promise<void> {
    this.#stopped.abort();
    this.#stopBeat();
    this.#stopRevoke();
    for (const lane of this.#open.values()) lane.revoke();
    this.#open.clear();
    const epoch = this.#epoch;
    this.#epoch = undefined;
    try {
      if (epoch !== undefined) await this.#store.releaseLease(this.#usage.group, epoch);
    } catch (error) {
      // After a fatal error there is no lease any more, and the topology's end reports the reason.
      const level = faultOf(error) === 'fatal' ? 'debug' : 'warn';
      this.#context.log[level]({}, `${this.#store.name}: the lease runs out by itself: ${errorText(error)}`);
    }
    await this.#store.close();
  }

  #subscribe(subscriber: Subscriber<Lane>): () => void {
    this.#subscriber = subscriber;
    if (this.#failure) subscriber.error(this.#failure);
    else for (let partition = 0; partition < (this.#topic?.partitions ?? 0); partition++) this.#emit(partition);
    return () => {
      this.#subscriber = undefined;
      this.#stopped.abort();
    };
  }

  #emit(partition: number): void {
    const [topic, epoch] = [this.#topic, this.#epoch];
    if (topic === undefined || epoch === undefined || this.#stopped.signal.aborted) return;
    const lane = new LogLane({
      store: this.#store,
      topic: { ...topic, name: this.#store.topic },
      partition,
      start: this.#store.positions(this.#usage.group).get(partition) ?? { position: 0 },
      epoch,
      usage: this.#usage,
      context: this.#context,
      stopped: this.#stopped.signal,
      lost: () => void this.#lost(),
    });
    this.#open.set(partition, lane);
    this.#subscriber?.next(lane);
  }

  #reopen(partition: number): void {
    this.#open.get(partition)?.revoke();
    this.#emit(partition);
  }

  #lost(cause?: FdpError): FdpError {
    const text = `${this.#store.name}: another process has taken group ${this.#usage.group} over`;
    const error = cause ?? new FdpError('FDP_LEASE_LOST', text);
    if (this.#failure) return this.#failure;
    this.#failure = error;
    this.#epoch = undefined;
    this.#stopBeat();
    for (const lane of this.#open.values()) lane.revoke();
    this.#subscriber?.error(error);
    return error;
  }
}
