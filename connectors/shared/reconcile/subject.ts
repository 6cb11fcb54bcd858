import type { TableAudit } from '../../../src/kit/audit.ts';
import type { AuditedValue, Difference } from '../../../src/kit/reconciler.ts';
import type { MergeShape } from '../../../src/kit/row.ts';
import type { TableDefinition } from '../table/definition.ts';
import type { Evidence } from './evidence.ts';

/** What is compared with what. */
export interface Reconcilable {
  /** Of the table that is checked. */
  readonly definition: TableDefinition;
  readonly shape: MergeShape;
  readonly counters: TableAudit;
  readonly evidence: Evidence;
  /** Messages of a lane that may be under way at once: below the highest mark of a lane by so many all has been counted. */
  readonly underWay: number;
  /** The field that holds from when on a row counts, as bars have it: its messages were received later, but for a day. */
  readonly startField?: string | undefined;
  /** Whether a row is to be checked, by its key and values; left out: all are. */
  readonly wants?: ((key: AuditedValue, values: Readonly<Record<string, unknown>>) => boolean) | undefined;
}

export interface ReconcileOptions {
  readonly repair: boolean;
  /** Rows that are held at once, at most: with more, the messages are read several times. */
  readonly maxRows?: number;
  /** Called for each row that differs, as it is found. */
  found(difference: Difference): void;
}

/** A row that seemed to differ. */
export interface Doubt {
  readonly key: AuditedValue;
  /** Whether a message was found that counts in it. */
  readonly hasMessages: boolean;
}
