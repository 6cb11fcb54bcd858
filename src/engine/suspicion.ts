import type { FdpError } from '../errors.ts';
import type { Message } from '../kit/message.ts';
import type { NodeStats } from '../kit/node-stats.ts';

/** Source messages rejected in a row that mean a wrong spec rather than bad messages. */
export const heldAfter = 1000;
/** The most that messages of one key count: reaching a thousand takes three keys. */
const mostOfAKey = 400;

/** Rejections by one rule since the last delivery. */
interface Case {
  /** By key; undefined: keys are not distinguished, each message counts for itself. */
  readonly keys: Map<string, number>;
  messages: number;
}

/**
 * Distinguishes a wrong pipeline from bad messages. A rule (an expression, or else an operator or a sink) that rejects
 * a thousand source messages of several keys in a row, over all lanes and with none delivered between, is probably
 * wrong. One key alone proves nothing: a symbol that the rule does not expect may trade all night while the others are
 * quiet. Messages without a key cannot be distinguished, and count each for itself.
 */
export class Suspicion {
  readonly #cases = new Map<string, Case>();
  #last: object | undefined;

  rejected(node: NodeStats, { track, key }: Message, error: FdpError): void {
    // Of the children of one source message the first counts.
    if (this.#last === track) return;
    this.#last = track;
    const rule = error.rule ?? node.name;
    const found = this.#cases.get(rule) ?? { keys: new Map<string, number>(), messages: 0 };
    this.#cases.set(rule, found);
    if (found.messages >= heldAfter) return;
    const name = key ?? track.key;
    const before = name === null ? 0 : (found.keys.get(name) ?? 0);
    if (name !== null) found.keys.set(name, before + 1);
    if (before < mostOfAKey) found.messages++;
  }

  /** To be called for a delivered message. */
  delivered(): void {
    if (this.#cases.size > 0) this.#cases.clear();
  }

  /** Why the topology must be held, on one line; undefined while there is no reason to. */
  get reason(): string | undefined {
    for (const [rule, { messages, keys }] of this.#cases) {
      if (messages < heldAfter) continue;
      const of = keys.size > 1 ? `, of ${keys.size} keys` : '';
      return `${heldAfter} messages in a row were rejected by ${rule}${of}, with none delivered in between: fix the pipeline and restart`;
    }
    return undefined;
  }
}
