import type { OperatorPlan } from '../../../engine/plan.ts';

/** Something that a run promises and did not keep, in one line. */
export interface Violation {
  /** What is wrong, the same for each violation of its kind: `symbols: counters differ`. */
  readonly kind: string;
  readonly text: string;
}

/** What is expected of one sink, and of what came out of it. */
export interface Judgement {
  /** The branch. */
  readonly branch: string;
  /** What was checked: trades, counters, bars, ...; or why nothing was. */
  readonly what: string;
  /** How many rows or messages were expected; undefined: nothing was checked. */
  readonly expected: number | undefined;
  readonly violations: readonly Violation[];
  /** What the sink should hold, for a test that shows what is wrong; undefined where it can't be written. */
  content?(): readonly unknown[];
}

/** What a client should get: the code of an error, data, or the rows of a file. */
export type ExpectedReply =
  | { readonly code: string }
  | { readonly data: unknown }
  | { readonly rows: readonly unknown[] };

export function notJudged(branch: string, why: string): Judgement {
  return { branch, what: `not checked: ${why}`, expected: undefined, violations: [] };
}

/** Why a chain with these operators is not checked. */
export function unknownHere(operators: readonly OperatorPlan[]): string {
  const types = operators.map(({ declaration }) => declaration.type);
  return `nothing is known here of ${[...new Set(types)].join(', ')}`;
}

/** A value on one line, cut where it is long. */
export function shortText(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 200 ? `${text.slice(0, 200)}...` : text;
}
