import { nameOf } from '../../../connectors/shared/log/changes.ts';
import { groupMemoryMs, planTrim, recordBytes } from '../../../connectors/shared/log/retention.ts';
import {
  type Bounds,
  type Lease,
  type LogStore,
  type NewRecord,
  type StoredRecord,
  sayPartitions,
  type Topic,
  type TrimLimits,
  type Trimmed,
} from '../../../connectors/shared/log/store.ts';
import { FdpError } from '../../errors.ts';
import type { Environment } from '../../kit/environment.ts';
import type { Committed } from '../../kit/source.ts';
import { indexOf, nextOffset } from './partition.ts';
import type { MemoryGroup, MemoryHook, MemorySpace, MemoryTopic } from './space.ts';

export interface MemoryLogOptions {
  readonly name: string;
  readonly topic: string;
  readonly partitions: number;
}

/** One topic in a memory space, as one role sees it. */
export class MemoryLogStore implements LogStore {
  readonly name: string;
  readonly topic: string;
  readonly tellsMore = true;
  readonly #space: MemorySpace;
  readonly #options: MemoryLogOptions;
  readonly #environment: Environment;
  #generation = -1;
  #log: MemoryTopic | undefined;

  constructor(space: MemorySpace, options: MemoryLogOptions, environment: Environment) {
    this.#space = space;
    this.name = options.name;
    this.topic = options.topic;
    this.#options = options;
    this.#environment = environment;
  }

  async open(): Promise<Topic> {
    this.#generation = this.#space.generation;
    this.#log = this.#space.topics.get(this.topic) ?? this.#create();
    this.#space.topics.set(this.topic, this.#log);
    const found = this.#log.partitions.length;
    sayPartitions(this.#environment.log, this, { found, wanted: this.#options.partitions });
    return { id: this.#log.id, partitions: found };
  }

  /** A record may leave offsets out, as one of a tape does. */
  append(records: readonly (NewRecord & Partial<StoredRecord>)[], signal: AbortSignal): Promise<void> {
    return this.#step('append', (log) => {
      if (signal.aborted) throw new FdpError('FDP_CLOSED', `${this.name}: the write was cancelled`);
      for (const record of records) {
        const partition = log.partitions[record.partition];
        if (!partition) throw new FdpError('FDP_INTERNAL', `${this.name}: no partition ${record.partition}`);
        const { timestamp, key, value, extra } = record;
        const offset = Math.max(record.offset ?? 0, nextOffset(partition));
        const appended = this.#environment.clock.now();
        partition.records.push({ offset, timestamp, key, value, appended, ...(extra && { extra }) });
        partition.bytes += recordBytes(record);
      }
      this.#space.changes.appended(this.topic, records);
    });
  }

  bounds(): readonly Bounds[] {
    return this.#opened.partitions.map((partition) => ({ first: partition.first, next: nextOffset(partition) }));
  }

  read(partition: number, offset: number, limits: { count: number; bytes: number }): readonly StoredRecord[] {
    const found = this.#opened.partitions[partition] ?? { first: 0, records: [] };
    const { records } = found;
    const start = indexOf(found, offset);
    let [bytes, end] = [0, start];
    for (const record of records.slice(start, start + limits.count)) {
      bytes += recordBytes(record);
      if (end > start && bytes > limits.bytes) break;
      end++;
    }
    return records.slice(start, end);
  }

  appendedAt(partition: number, offset: number): number | undefined {
    const found = this.#opened.partitions[partition];
    return found?.records[indexOf(found, offset)]?.appended;
  }

  version(partition: number): number {
    return this.#space.changes.version(nameOf(this.topic, partition));
  }

  changedSince(partition: number, version: number, signal: AbortSignal): Promise<void> {
    return this.#space.changes.since(nameOf(this.topic, partition), version, signal);
  }

  lease(group: string): Lease | undefined {
    return this.#opened.groups.get(group)?.lease;
  }

  takeLease(group: string, owner: string, stale: Lease | undefined): Promise<number | undefined> {
    return this.#step('lease', (log) => {
      const known = log.groups.get(group);
      const free = !known || known.lease.owner === null;
      if (!free && (known.lease.epoch !== stale?.epoch || known.lease.beat !== stale.beat)) return undefined;
      const epoch = (known?.lease.epoch ?? 0) + 1;
      const { positions, notes } = known ?? { positions: new Map<number, number>(), notes: new Map<number, string>() };
      const lease = { owner, epoch, beat: 0 };
      log.groups.set(group, { lease, seen: this.#environment.clock.now(), positions, notes });
      return epoch;
    });
  }

  beat(group: string, epoch: number): Promise<boolean> {
    return this.#ofHolder('lease', { group, epoch }, (held) => {
      held.lease = { ...held.lease, beat: held.lease.beat + 1 };
    });
  }

  async releaseLease(group: string, epoch: number): Promise<void> {
    await this.#ofHolder('lease', { group, epoch }, (held) => {
      held.lease = { ...held.lease, owner: null };
    });
  }

  positions(group: string): ReadonlyMap<number, Committed> {
    const { positions, notes } = this.#opened.groups.get(group) ?? { positions: [], notes: new Map<number, string>() };
    return new Map(
      [...positions].map(([partition, position]) => {
        const note = notes.get(partition);
        return [partition, note === undefined ? { position } : { position, note }];
      }),
    );
  }

  commit(group: string, epoch: number, positions: ReadonlyMap<number, Committed>): Promise<boolean> {
    return this.#ofHolder('commit', { group, epoch }, (held) => {
      for (const [partition, { position, note }] of positions) {
        held.positions.set(partition, position);
        if (note === undefined) held.notes.delete(partition);
        else held.notes.set(partition, note);
      }
    });
  }

  trim({ retentionMs, maxBytes, step }: TrimLimits): Promise<Trimmed> {
    return this.#step('trim', (log) => {
      const now = this.#environment.clock.now();
      const groups = [...log.groups.values()].filter((group) => group.seen > now - groupMemoryMs);
      const order = [...log.partitions.entries()].sort(([, a], [, b]) => b.bytes - a.bytes);
      let excessBytes = log.partitions.reduce((sum, { bytes }) => sum + bytes, 0) - maxBytes;
      let [removed, unread] = [0, 0];
      const isOld = order.some(([, { records }]) => records[0] && records[0].appended < now - retentionMs);
      if (excessBytes <= 0 && !isOld) return { removed, unread };
      for (const [number, partition] of order) {
        const oldest = partition.records.slice(0, step - removed);
        const ageing = oldest.map((record) => ({ ...record, bytes: recordBytes(record) }));
        const protect = Math.min(...groups.map(({ positions }) => positions.get(number) ?? 0));
        const plan = planTrim(ageing, { olderThan: now - retentionMs, excessBytes, protect });
        const last = partition.records.splice(0, plan.removed).at(-1);
        if (last) partition.first = partition.records[0]?.offset ?? last.offset + 1;
        partition.bytes -= plan.bytes;
        excessBytes -= plan.bytes;
        removed += plan.removed;
        unread += plan.unread;
      }
      return { removed, unread };
    });
  }

  onRevoke(revoked: (partition: number) => void): () => void {
    const log = this.#opened;
    log.revoked.add(revoked);
    return () => log.revoked.delete(revoked);
  }

  async close(): Promise<void> {
    this.#log = undefined;
  }

  get #opened(): MemoryTopic {
    if (this.#log && this.#generation === this.#space.generation) return this.#log;
    throw new FdpError('FDP_CLOSED', `${this.name}: the log is closed`);
  }

  /** One atomic step between the space's hooks. */
  async #step<T>(name: Parameters<MemoryHook>[0], work: (log: MemoryTopic) => T): Promise<T> {
    await this.#space.beforeWrite?.(name);
    const result = work(this.#opened);
    await this.#space.afterWrite?.(name);
    return result;
  }

  #ofHolder(
    step: 'lease' | 'commit',
    holder: { readonly group: string; readonly epoch: number },
    work: (group: MemoryGroup) => void,
  ): Promise<boolean> {
    return this.#step(step, (log) => {
      const held = log.groups.get(holder.group);
      if (held?.lease.epoch !== holder.epoch) return false;
      held.seen = this.#environment.clock.now();
      work(held);
      return true;
    });
  }

  #create(): MemoryTopic {
    const { clock, chance } = this.#environment;
    const random = Math.floor(chance.next() * 2 ** 32);
    return {
      id: `${clock.now().toString(36)}-${random.toString(36)}`,
      partitions: Array.from({ length: this.#options.partitions }, () => ({ first: 0, records: [], bytes: 0 })),
      groups: new Map(),
      revoked: new Set(),
    };
  }
}
