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
export function* atOnce(tape: Iterable<TapeEntry>): Generator<AtOnce> {
  let some: [TapeEntry, ...TapeEntry[]] | undefined;
  for (const entry of tape) {
    if (some?.[0].atMs === entry.atMs) some.push(entry);
    else {
      if (some) yield some;
      some = [entry];
    }
  }
  if (some) yield some;
}
