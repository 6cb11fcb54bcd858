/** A value as a table keeps it: decimals as canonical text, dates as Unix ms, lists as JSON. */
export type AuditedValue = string | number | boolean | null;

/** A row that is not what its messages make it. */
export interface Difference {
  /** The value of the row's unique field. */
  readonly key: AuditedValue;
  /** The fields that differ: as stored, null where the row or the field is missing, and as recomputed. */
  readonly fields: Readonly<Record<string, { readonly stored: AuditedValue; readonly recomputed: AuditedValue }>>;
  readonly cause: string;
  readonly repaired: boolean;
  /** Why it was not repaired, or can't be; left out where it was, or was not asked for. */
  readonly left?: string;
}

/** What a comparison of one table came to. */
export interface TableReconciled {
  readonly table: string;
  readonly differences: number;
  /** Of these, those that are still there. */
  readonly left: number;
  /** One line. */
  readonly text: string;
}

/** Compares tables of the pipeline that count with what they counted. */
export interface Reconciler {
  /** @throws FDP_SPEC_INVALID when one of the tables is none that can be compared */
  check(tables: readonly string[] | undefined): void;
  /** Of all tables that count, or of some. @throws what the stores throw */
  reconcile(
    options: {
      readonly tables: readonly string[] | undefined;
      readonly repair: boolean;
      found(table: string, difference: Difference): void;
    },
    signal: AbortSignal,
  ): Promise<readonly TableReconciled[]>;
}
