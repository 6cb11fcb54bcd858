import type { Clock } from '../../src/kit/clock.ts';
import type { Logger } from '../../src/kit/environment.ts';
import { limited } from '../../src/kit/limited-log.ts';

const sameLineMs = 60_000;
const mostTexts = 20;

/**
 * Lines about what a server sends, each at most once a minute. Twenty texts of a kind have lines of their own; further
 * ones share one, so that a server whose texts keep changing does not fill the log.
 */
export class Notices {
  readonly #log: ReturnType<typeof limited>;
  readonly #texts = new Map<string, Set<string>>();

  constructor({ log, clock }: { readonly log: Logger; readonly clock: Clock }) {
    this.#log = limited(log, clock, sameLineMs);
  }

  write(level: 'warn' | 'error', kind: string, shown: string, line: string): void {
    const texts = this.#texts.get(kind) ?? new Set<string>();
    this.#texts.set(kind, texts);
    if (texts.size < mostTexts) texts.add(shown);
    this.#log[level](texts.has(shown) ? `${kind} ${shown}` : kind, { [kind]: shown }, line);
  }
}
