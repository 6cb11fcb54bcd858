import { Changes } from '../../../connectors/shared/log/changes.ts';
import type { Lease, StoredRecord } from '../../../connectors/shared/log/store.ts';
import type { LaneOffset, RowState } from '../../../connectors/shared/table/store.ts';

/** Called around each durable step; may wait, and may throw: before it nothing has happened, after it everything has. */
export type MemoryHook = (step: 'append' | 'commit' | 'lease' | 'insert' | 'merge' | 'trim') => void | Promise<void>;

export interface MemoryPartition {
  first: number;
  readonly records: (StoredRecord & { readonly appended: number })[];
  bytes: number;
}

export interface MemoryGroup {
  lease: Lease;
  /** When it was worked last, Unix ms. */
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
  /** The last place of each lane of which a row was removed. */
  readonly removedTo: Map<string, LaneOffset>;
}

/**
 * What the memory connectors keep, apart from any instance of them: a test that makes new instances on the same space
 * sees what a process sees that is started again on its files. Reached by its name, the connectors' option `space`.
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

  /** Rises with every crash: what was opened in an earlier generation is dead. */
  get generation(): number {
    return this.#generation;
  }

  /**
   * As if every process that uses the space was killed: whatever is open fails from now on with FDP_CLOSED and holds
   * its leases no longer alive, so that who comes next takes them over after 3 s.
   */
  crash(): void {
    this.#generation++;
    this.changes.tell();
  }

  /** Takes a partition away from whoever reads it, and hands it out again at once as a new lane. */
  revoke(topic: string, partition: number): void {
    for (const revoked of [...(this.topics.get(topic)?.revoked ?? [])]) revoked(partition);
  }

  /** Forgets the space: the next of its name is empty. */
  dispose(): void {
    if (spaces.get(this.name) === this) spaces.delete(this.name);
  }
}

const spaces = new Map<string, MemorySpace>();

/** The space of that name, made when it is first asked for; it lives as long as the process. */
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

/** The option that says which space a memory connector uses. */
export const spaceOption = {
  type: 'string',
  minLength: 1,
  default: 'default',
  description: 'Connectors of one process with the same space share its content.',
} as const;
