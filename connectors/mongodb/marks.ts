import { type Document, Long } from 'mongodb';
import type { Marks, MarkTuple } from '../shared/table/store.ts';

/** A mark as a document keeps it. */
export interface StoredMark {
  readonly l: string;
  readonly o: number;
  readonly i: number;
  readonly t: Date;
  readonly k: string | null;
}

const parts = ['l', 'o', 'i', 't', 'k'].join();

/** Whether a value is a mark and nothing else. */
export function isMark(value: unknown): value is StoredMark {
  return typeof value === 'object' && value !== null && Object.keys(value).join() === parts;
}

/** A mark as the other code uses it. */
export function tupleOf({ o, i, t, k }: StoredMark): MarkTuple {
  return [o, i, t.getTime(), k];
}

/** A mark as a document keeps it. */
export function storedMark(lane: string, [offset, index, timestamp, key]: MarkTuple): Document {
  return { l: lane, o: Long.fromNumber(offset), i: index, t: new Date(timestamp), k: key };
}

/** All marks of a row as its document keeps them. */
export function storedMarks(marks: Marks): readonly Document[] {
  return Object.entries(marks).map(([lane, mark]) => storedMark(lane, mark));
}

/** The marks of a document; none of one that another program stored. */
export function marksIn(document: Document): Marks {
  const stored: readonly StoredMark[] = document['_marks'] ?? [];
  return Object.fromEntries(stored.map((mark) => [mark.l, tupleOf(mark)]));
}
