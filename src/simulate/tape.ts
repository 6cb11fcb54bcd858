import type { TapeRecord } from './recording/line.ts';

/** One thing that comes from outside, so many ms after the topology is ready. */
export interface TapeEntry {
  readonly atMs: number;
  readonly key: string | null;
  /** What comes: a message, bytes that may be no JSON, a request, or a record as a log had it. */
  readonly content:
    | { readonly value: unknown }
    | { readonly text: string }
    | { readonly request: string }
    | { readonly record: TapeRecord };
}

/** What comes from outside, in the order of time. */
export type Tape = readonly TapeEntry[];

type AtOnce = readonly [TapeEntry, ...(readonly TapeEntry[])];

/** What comes at the same time comes together. */
export function atOnce(tape: Tape): readonly AtOnce[] {
  const all: [TapeEntry, ...TapeEntry[]][] = [];
  for (const entry of tape) {
    const last = all.at(-1);
    if (last?.[0].atMs === entry.atMs) last.push(entry);
    else all.push([entry]);
  }
  return all;
}
