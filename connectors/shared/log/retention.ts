/** A record as retention sees it, in the order of offsets. */
export interface Ageing {
  readonly offset: number;
  /** When it was appended, Unix ms. */
  readonly appended: number;
  readonly bytes: number;
}

export interface TrimPlan {
  /** The first offset that is kept. */
  readonly first: number;
  readonly removed: number;
  readonly bytes: number;
  readonly unread: number;
}

/**
 * Which of a partition's oldest records are removed: those appended before `olderThan` that every group has read
 * (`protect` is the lowest position), and, read or not, as many as it takes to free `excessBytes`.
 */
export function planTrim(
  records: readonly Ageing[],
  limits: { readonly olderThan: number; readonly excessBytes: number; readonly protect: number },
): TrimPlan {
  let [removed, bytes, unread] = [0, 0, 0];
  for (const record of records) {
    const old = record.appended < limits.olderThan && record.offset < limits.protect;
    if (!old && bytes >= limits.excessBytes) break;
    removed++;
    bytes += record.bytes;
    if (record.offset >= limits.protect) unread++;
  }
  return { first: (records[0]?.offset ?? 0) + removed, removed, bytes, unread };
}

/** A group that was inactive for this long no longer protects records, ms. */
export const groupMemoryMs = 24 * 3_600_000;

/** The bytes of a record beside its key and value. */
export const recordOverheadBytes = 32;

export function recordBytes(record: { readonly key: string | null; readonly value: string | Uint8Array }): number {
  const key = record.key === null ? 0 : Buffer.byteLength(record.key);
  return key + Buffer.byteLength(record.value) + recordOverheadBytes;
}
