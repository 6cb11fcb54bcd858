import type { AuditedRow, AuditedState, TableAudit } from '../../../src/kit/audit.ts';
import { type Message, toMessage } from '../../../src/kit/message.ts';
import type { Coordinates } from '../../../src/kit/origin.ts';
import { coordinatesOf } from '../../../src/kit/origin.ts';
import type { AuditedValue } from '../../../src/kit/reconciler.ts';
import type { Track } from '../../../src/kit/track.ts';
import type { TableDefinition } from '../table/definition.ts';
import { readChange } from '../table/fold.ts';
import type { Step } from '../table/steps.ts';
import { withLists } from '../table/values.ts';

/** What one stored message adds to one row. */
export interface Contribution {
  /** Of the stored message: the same one is never added twice. */
  readonly id: string;
  /** Of the row that it counts in. */
  readonly key: AuditedValue;
  readonly steps: readonly Step[];
  /** Where the message came from; offset -1 for one of no log. */
  readonly origin: Coordinates;
  /** The record's own, as a mark keeps them; a stored row has them no more. */
  readonly timestamp: number;
  readonly recordKey: string | null;
}

/** What rows are recomputed from. Positions are remembered: `pages` begins at the first message, `more` after what was given. */
export interface Evidence {
  readonly name: string;
  pages(signal: AbortSignal): AsyncIterable<readonly Contribution[]>;
  /** What has come since, of messages above these marks; some may have been given before. */
  more(beyond: readonly AuditedState['marks'][], signal: AbortSignal): Promise<readonly Contribution[]>;
  /** As `more`, at once; left out where that can't be. */
  readonly moreNow?: (() => readonly Contribution[]) | undefined;
  /** Whether all messages of a lane up to this offset have been given, once `pages` or `more` has ended. */
  hasReached(lane: string, offset: number): boolean;
  /** Why messages that were counted may not be there any more; undefined when all are. */
  missing(signal: AbortSignal): Promise<Missing | undefined>;
}

/** Why messages are missing. */
export interface Missing {
  readonly why: string;
  /** All that were received from this moment on are there, Unix ms; left out where nobody knows. */
  readonly before?: number;
}

/** Makes merge operations of messages, as the operators of the branch do; those that it filters or rejects make none. */
export type Operate = (messages: readonly Message[]) => readonly Message[];

/** Rows that are read at once. */
const pageRows = 2000;

/** The rows of the table that counters stand after: each is a message that was stored, with where it came from. */
export class TableEvidence implements Evidence {
  readonly name: string;
  readonly moreNow: (() => readonly Contribution[]) | undefined;
  readonly #audit: TableAudit;
  readonly #definition: TableDefinition;
  readonly #contributions: (messages: readonly IdentifiedMessage[]) => readonly Contribution[];
  #last: string | undefined;

  constructor(
    audit: TableAudit,
    definition: TableDefinition,
    contributions: (messages: readonly IdentifiedMessage[]) => readonly Contribution[],
  ) {
    this.name = definition.name;
    this.#audit = audit;
    this.#definition = definition;
    this.#contributions = contributions;
    this.moreNow = audit.sinceNow && (() => this.#passed(audit.sinceNow?.(this.#last) ?? []));
  }

  async *pages(signal: AbortSignal): AsyncGenerator<readonly Contribution[]> {
    this.#last = undefined;
    for (;;) {
      const rows = await this.#audit.scan(this.#last, pageRows, signal);
      if (rows.length === 0) return;
      yield this.#passed(rows);
    }
  }

  async more(beyond: readonly AuditedState['marks'][], signal: AbortSignal): Promise<readonly Contribution[]> {
    return this.#passed(await this.#audit.since(this.#last, beyond, signal));
  }

  /** What is counted is stored before. */
  hasReached(): boolean {
    return true;
  }

  async missing(): Promise<Missing | undefined> {
    const why = await this.#audit.whyRowsAreMissing();
    return why === undefined ? undefined : { why };
  }

  #passed(rows: readonly AuditedRow[]): readonly Contribution[] {
    this.#last = rows.at(-1)?.id ?? this.#last;
    return this.#contributions(rows.map((row) => ({ id: row.id, message: this.#message(row) })));
  }

  #message({ values, origin: { lane, offset, index } }: AuditedRow): Message {
    const value = withLists(this.#definition, values);
    const meta = offset < 0 ? { lane } : { lane, offset, index };
    return toMessage({ key: null, value, timestamp: 0, meta }, undefined);
  }
}

export interface IdentifiedMessage {
  readonly id: string;
  readonly message: Message;
}

/** What messages add to the rows of a table. Those that its counters refuse add nothing. */
export function contributionsOf(
  definition: TableDefinition,
  operate: Operate,
): (messages: readonly IdentifiedMessage[]) => readonly Contribution[] {
  return (messages) => {
    const ids = new Map<Track, string>(messages.map(({ id, message }) => [message.track, id]));
    return operate(messages.map(({ message }) => message)).flatMap((message) => {
      const { track } = message;
      try {
        const { key, steps } = readChange(definition, message, 0);
        const id = `${ids.get(track) ?? ''} ${message.meta.index ?? 0} ${key}`;
        const { timestamp, key: recordKey } = track;
        return [{ id, key, steps, origin: coordinatesOf(message), timestamp, recordKey }];
      } catch {
        return []; // as the sink of the counters, which rejects it
      }
    });
  };
}
