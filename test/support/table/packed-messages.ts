import { readTable } from '../../../connectors/shared/table/definition.ts';
import { fold, readChange } from '../../../connectors/shared/table/fold.ts';
import type { RowState } from '../../../connectors/shared/table/store.ts';
import { type Message, toMessage } from '../../../src/kit/message.ts';
import { Outcome } from '../../../src/kit/track.ts';

export const definition = readTable('rows', {
  unique: 'key',
  fields: {
    key: 'string',
    n: 'int64',
    m: 'int64',
    volume: 'decimal',
    size: 'double',
    high: 'decimal',
    low: 'double',
    open: 'string',
    close: 'double',
    kind: 'string',
  },
});
export const lane = 'log/topic/0';

/** What becomes of messages: of each, how often it was told to be absorbed, and its end. */
export class Fates {
  readonly #absorbed: number[] = [];
  readonly #ends: string[] = [];

  owner(of: number) {
    return {
      ended: (outcome: Outcome) => {
        this.#ends[of] = `${this.#ends[of] ?? ''}${outcome}`;
      },
      absorbed: (isAbsorbed: boolean) => {
        this.#absorbed[of] = (this.#absorbed[of] ?? 0) + (isAbsorbed ? 1 : -1);
      },
    };
  }

  get all(): readonly [readonly number[], readonly string[]] {
    return [[...this.#absorbed], [...this.#ends]];
  }
}

export interface Given {
  readonly key: string;
  readonly offset: number;
  readonly index: number;
  readonly merge: object;
  /** It shares its track with another message. */
  readonly isShared?: boolean;
}

export function messageOf({ key, offset, index, merge, isShared = false }: Given, fates: Fates, at: number): Message {
  const meta = { lane, topic: 'topic', partition: 0, offset };
  const record = { key, timestamp: 1000 + offset, meta, value: undefined, raw: 'bytes' };
  const message = {
    ...toMessage(record, fates.owner(at)),
    meta: { ...meta, index },
    value: { merge: { by: { key }, ...merge } },
  };
  if (isShared) message.track.fork(1);
  return message;
}

/** Folds as a counter's sink and its delivery do: what stands for several and is refused is tried again one by one. */
export function written(messages: readonly Message[], rows: Map<string, RowState>) {
  const [known, failed]: [string[], string[]] = [[], []];
  const place = ({ meta }: Message) => `${meta.offset}/${meta.index}`;
  for (let pending = messages; pending.length > 0; ) {
    const again: Message[] = [];
    const changes = new Map<string, ReturnType<typeof readChange>[]>();
    for (const [index, message] of pending.entries()) {
      try {
        const change = readChange(definition, message, index);
        changes.set(String(change.key), [...(changes.get(String(change.key)) ?? []), change]);
      } catch {
        failed.push(place(message));
        message.track.surface();
        message.track.end(Outcome.rejected);
      }
    }
    for (const [key, all] of changes) {
      const folded = fold(definition, rows.get(key), all);
      if (folded.row) rows.set(key, folded.row);
      for (const { index, message } of all) {
        const parts = folded.failed.has(index) ? message.together?.parts() : undefined;
        if (parts) again.push(...parts);
        else if (folded.failed.has(index)) {
          failed.push(place(message));
          message.track.surface();
          message.track.end(Outcome.rejected);
        } else {
          if (folded.known.includes(index)) known.push(...(message.together?.parts() ?? [message]).map(place));
          message.track.endAbsorbed(Outcome.delivered);
        }
      }
    }
    pending = again;
  }
  return { known: known.sort(), failed: failed.sort() };
}
