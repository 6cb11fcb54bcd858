import type { Coordinates } from './origin.ts';
import type { AuditedValue } from './reconciler.ts';
import type { Role } from './role.ts';

/** A row's content: its fields, up to which record of each lane it has counted, and what orders its first and last values. */
export interface AuditedState {
  readonly values: Readonly<Record<string, AuditedValue>>;
  readonly marks: Readonly<
    Record<string, readonly [offset: number, index: number, timestamp: number, key: string | null]>
  >;
  readonly states: Readonly<
    Record<string, string | readonly [at: number, lane: string, offset: number, index: number]>
  >;
}

/** A row as it is stored, with where it came from: lane '' and offset -1 where a program other than fdp stored it. */
export interface AuditedRow extends AuditedState {
  /** Its position in the order of storing. */
  readonly id: string;
  readonly origin: Coordinates;
}

/** What a row is to be, made from what it is now; undefined leaves it. Pure, and called again when somebody came between. */
export type Revision = (row: AuditedState | undefined) => AuditedState | undefined;

/**
 * A table as `reconcile` reads and repairs it: with what fdp keeps beside the fields. Reads what a majority of the servers has
 * confirmed to its writers.
 */
export interface TableAudit extends Role {
  /** Rows in the order of storing, those after the row of that id; up to `limit`, none at the end. */
  scan(after: string | undefined, limit: number, signal: AbortSignal): Promise<readonly AuditedRow[]>;
  /**
   * Rows that were stored while `scan` passed, and those stored after the row of that id, of all those above the marks
   * given: some of them `scan` may have given, too.
   */
  since(
    after: string | undefined,
    beyond: readonly AuditedState['marks'][],
    signal: AbortSignal,
  ): Promise<readonly AuditedRow[]>;
  /** As `since`, at once: for a `Revision`. Left out by a store that can't answer at once. */
  sinceNow?(after: string | undefined): readonly AuditedRow[];
  /** The rows with those values of the unique field; those that are not there are left out. */
  rows(keys: readonly AuditedValue[], signal: AbortSignal): Promise<ReadonlyMap<AuditedValue, AuditedState>>;
  /**
   * Changes one row, or makes it, in one atomic and durable step that undoes no change of anybody else: who has read the row
   * before reads it again before it changes it.
   * @throws FDP_MESSAGE_REFUSED, FDP_BUSY, and what the store throws
   */
  revise(key: AuditedValue, revision: Revision, signal: AbortSignal): Promise<void>;
  /** Why rows that were stored may not be there any more, as by `keep`; undefined when all are kept. */
  whyRowsAreMissing(): Promise<string | undefined>;
}
