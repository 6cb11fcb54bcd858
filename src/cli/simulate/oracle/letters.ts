import type { Judgement } from './judgement.ts';
import { isFields, type Piece, type SourceRecord } from './trades.ts';

/** A rejected message, as its dead letter tells. */
export interface Letter {
  readonly code: string;
  readonly reason: string;
  readonly sink?: string;
  readonly value: string;
  readonly origin: { readonly partition?: number; readonly offset?: number; readonly index?: number };
}

interface LettersRequest {
  readonly letters: readonly Letter[];
  readonly records: readonly SourceRecord[];
  readonly rejected: readonly Piece[];
  /** Sinks that refuse messages by a fault. */
  readonly refusing: ReadonlySet<string>;
}

/**
 * What can't be read and what `require` rejects is a dead letter, once at least: one is written again after a crash. No other
 * message is, unless its sink refuses it.
 */
export function judgeLetters({ letters, records, rejected, refusing }: LettersRequest): Judgement {
  const unreadable = records.filter(({ value }) => !isFields(value));
  const expected = new Set([
    ...unreadable.map(({ partition, offset }) => `${partition}-${offset}-0`),
    ...rejected.map(({ record, index }) => `${record.partition}-${record.offset}-${index}`),
  ]);
  const got = new Set(letters.map(nameOf));
  const lost = [...expected].filter((name) => !got.has(name));
  const foreign = letters.filter((letter) => !expected.has(nameOf(letter)) && !refusing.has(letter.sink ?? ''));
  const violations = [
    ...lost.map((name) => ({ kind: 'dead_letters: are lost', text: `dead_letters: ${name} is lost` })),
    ...foreign.map(({ code, reason, sink = 'operators' }) => ({
      kind: `dead_letters: ${sink} rejects what it should take`,
      text: `dead_letters: ${sink}: ${code}: ${reason}`,
    })),
  ];
  return { branch: 'dead_letters', what: 'dead letters', expected: expected.size, violations };
}

function nameOf({ origin }: Letter): string {
  return `${origin.partition}-${origin.offset}-${origin.index ?? 0}`;
}
