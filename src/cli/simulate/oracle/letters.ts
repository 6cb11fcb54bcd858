import type { Judgement } from './judgement.ts';
import type { Piece, SourceRecord } from './trades.ts';

/** A rejected message, as its dead letter tells. */
export interface Letter {
  readonly code: string;
  readonly reason: string;
  readonly sink?: string;
  readonly value: string;
  readonly origin: { readonly partition?: number; readonly offset?: number; readonly index?: number };
}

/**
 * What can't be read and what `require` rejects is a dead letter, once at least: one is written again after a crash. No other
 * message is, unless its sink refuses it.
 */
export class Letters {
  readonly #expected = new Set<string>();

  unreadable({ partition, offset }: SourceRecord): void {
    this.#expected.add(`${partition}-${offset}-0`);
  }

  rejected({ record, index }: Piece): void {
    this.#expected.add(`${record.partition}-${record.offset}-${index}`);
  }

  /** @param refusing sinks that refuse messages by a fault */
  judgement(letters: readonly Letter[], refusing: ReadonlySet<string>): Judgement {
    const expected = this.#expected;
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
}

function nameOf({ origin }: Letter): string {
  return `${origin.partition}-${origin.offset}-${origin.index ?? 0}`;
}
