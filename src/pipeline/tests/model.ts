import type { SourceRange } from '../read/source.ts';

// A test of a pipeline as it was read and checked.

export interface PipelineTest {
  readonly name: string;
  /** The range of its name. */
  readonly range: SourceRange;
  readonly topology: string;
  /** Rows that tables have at the start, by connector. */
  readonly tables: Readonly<Record<string, readonly unknown[]>>;
  readonly input: TestInput;
  readonly faults: readonly TestFault[];
  readonly expect: readonly Expectation[];
  /** Undefined where the test gives none. */
  readonly withinMs: number | undefined;
  readonly withinRange: SourceRange | undefined;
}

export type TestInput =
  | { readonly kind: 'entries'; readonly entries: readonly TestEntry[] }
  | { readonly kind: 'mock'; readonly mock: MockInput }
  /** `folder` as the test gives it, relative to its file. */
  | { readonly kind: 'tape'; readonly folder: string; readonly range: SourceRange };

export interface TestEntry {
  readonly at: string;
  readonly key?: string;
  readonly message?: unknown;
  readonly text?: string;
  readonly request?: string;
}

export interface MockInput {
  readonly trades: number;
  readonly seed?: number;
  readonly symbols: readonly string[];
  readonly rate: string;
}

/** A table is set back to what it was so long before. */
export interface RestoreFault {
  /** The branch. */
  readonly sink: string;
  readonly back: string;
  readonly at: string;
}

export type TestFault =
  | {
      readonly kind: 'sink';
      /** The branch; undefined: the dead letter. */
      readonly branch: string | undefined;
      readonly fail?: { readonly every: number };
      readonly slow?: string;
      readonly refuse?: string;
      readonly refuseRange: SourceRange;
      readonly lose_ack?: number;
      readonly at: string;
      readonly for?: string;
    }
  | {
      readonly kind: 'lookup';
      /** The connector. */
      readonly lookup: string;
      readonly fail?: { readonly every: number };
      readonly slow?: string;
      readonly at: string;
      readonly for?: string;
    }
  | { readonly kind: 'source'; readonly source: { readonly cut: string; readonly at: string } }
  | { readonly kind: 'crash'; readonly crash: { readonly at: string } }
  | { readonly kind: 'restore'; readonly restore: RestoreFault }
  | { readonly kind: 'clock'; readonly clock: { readonly jump: string; readonly at: string } };

/** A value that is expected, and where it stands. */
export interface Expected {
  readonly value: unknown;
  readonly range: SourceRange;
}

/** `range` is that of the whole expectation, for what can't be said of one value. */
export type Expectation = { readonly range: SourceRange } & (
  | {
      readonly kind: 'content';
      /** As the test names it: a sink, or `dead_letters`. */
      readonly name: string;
      /** The connector that holds it; undefined: rejected messages are only counted. */
      readonly connector: string | undefined;
      readonly count?: Expected;
      /** All of them. */
      readonly all?: readonly Expected[];
      /** Some of them. */
      readonly some?: readonly Expected[];
    }
  | { readonly kind: 'committed'; readonly positions: readonly Expected[] }
  | { readonly kind: 'order'; readonly by: string }
  | { readonly kind: 'replies'; readonly replies: readonly Expected[] }
);
