import { Changes } from '../../../connectors/shared/log/changes.ts';
import type { Lease, StoredRecord } from '../../../connectors/shared/log/store.ts';
import type { LaneOffset, RowState } from '../../../connectors/shared/table/store.ts';
import type { GuaranteeLimit } from '../../kit/guarantee.ts';

/** Called before and after each durable step; may wait, and may throw. */
export type MemoryHook = (step: 'append' | 'commit' | 'lease' | 'insert' | 'merge' | 'trim') => void | Promise<void>;

export interface MemoryPartition {
  first: number;
  readonly records: (StoredRecord & { readonly appended: number })[];
  bytes: number;
}

export interface MemoryGroup {
  lease: Lease;
  /** When its lease was last renewed, Unix ms. */
  seen: number;
  readonly positions: Map<number, number>;
  /** What was noted with the positions. */
  readonly notes: Map<number, string>;
}

export interface MemoryTopic {
  readonly id: string;
  readonly partitions: readonly MemoryPartition[];
  readonly groups: Map<string, MemoryGroup>;
  readonly revoked: Set<(partition: number) => void>;
}

export interface MemoryRow extends RowState {
  readonly id: number;
  readonly lane: string;
  readonly offset: number;
  readonly index: number;
  /** When it was last written, Unix ms. */
  readonly at: number;
}

export interface MemoryTable {
  nextId: number;
  readonly rows: Map<number, MemoryRow>;
  /** Row ids by the value of the unique field. */
  readonly byKey: Map<unknown, number>;
  /** Of each lane, up to which offset and index rows were removed. */
  readonly removedTo: Map<string, LaneOffset>;
  /** Of the values of all rows as JSON, about. */
  bytes: number;
}

/**
 * The storage of the memory connectors, apart from any instance of them: a test that makes new instances on the same
 * space sees what a process sees that is restarted on its files. Found by its name, the connectors' option `space`.
 */
export class MemorySpace {
  readonly name: string;
  readonly topics = new Map<string, MemoryTopic>();
  readonly tables = new Map<string, MemoryTable>();
  beforeWrite: MemoryHook | undefined;
  afterWrite: MemoryHook | undefined;
  /** Of all partitions. */
  readonly changes = new Changes();
  #generation = 0;

  constructor(name: string) {
    this.name = name;
  }

  /** Rises with every crash: roles opened in an earlier generation are dead. */
  get generation(): number {
    return this.#generation;
  }

  /**
   * As if every process that uses the space was killed: open roles fail from now on with FDP_CLOSED and renew
   * their leases no longer, so that the next holder takes them over after 3 s.
   */
  crash(): void {
    this.#generation++;
    for (const { revoked } of this.topics.values()) revoked.clear();
    this.changes.tell();
  }

  /** Revokes a partition from its reader, and assigns it again at once as a new lane. */
  revoke(topic: string, partition: number): void {
    for (const revoked of [...(this.topics.get(topic)?.revoked ?? [])]) revoked(partition);
  }

  /** A table as it is now; rows are never changed, only replaced. */
  copyOf(name: string): MemoryTable {
    const { nextId = 1, rows = [], byKey = [], removedTo = [], bytes = 0 } = this.tables.get(name) ?? {};
    return { nextId, bytes, rows: new Map(rows), byKey: new Map(byKey), removedTo: new Map(removedTo) };
  }

  /** Removes the space: the next one of its name is empty. */
  dispose(): void {
    if (spaces.get(this.name) === this) spaces.delete(this.name);
  }
}

const spaces = new Map<string, MemorySpace>();

/** The space of that name, made on first use; it lives as long as the process. */
export function memorySpace(name: string): MemorySpace {
  const space = spaces.get(name) ?? new MemorySpace(name);
  spaces.set(name, space);
  return space;
}

let made = 0;

/** A new, empty space under a name of its own, for a test. */
export function createMemorySpace(): MemorySpace {
  return memorySpace(`space-${++made}`);
}

/** What is kept in a space outlives connectors, not the process. */
export const endsWithProcess: GuaranteeLimit = {
  why: 'its content ends with the process',
  cure: 'use the type of the same family that has a file or a server',
};

/** The option that names a memory connector's space. */
export const spaceOption = {
  type: 'string',
  minLength: 1,
  default: 'default',
  description: 'Connectors of one process with the same space share its content.',
} as const;
