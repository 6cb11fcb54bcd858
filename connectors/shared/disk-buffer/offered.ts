import type { Message, SourceMessage } from '../../../src/kit/message.ts';
import { looseTrack } from '../../../src/kit/track.ts';
import type { BufferedMessage } from './disk-buffer.ts';

/** A message for the buffer; `offered` if the log has received it, and may still store it. */
export interface Kept {
  readonly row: Omit<BufferedMessage, 'id'>;
  readonly offered: Message | undefined;
}

/**
 * The messages of a disk buffer that the log was offered, by their ids: a log whose write was not awaited recognises
 * the same message object, and appends it once. Bounded by the offered messages that are still in the buffer.
 */
export class Offered {
  readonly #messages = new Map<number, Message>();

  /** Adds a message that is in the buffer under this id, and that the log may still store. */
  add(id: number, message: Message): void {
    this.#messages.set(id, message);
  }

  /** The oldest messages of the buffer, to be offered; forgets messages that were dropped meanwhile. */
  messagesOf(waiting: readonly BufferedMessage[]): readonly Message[] {
    const there = new Set(waiting.map(({ id }) => id));
    const last = waiting.at(-1)?.id ?? 0;
    for (const id of this.#messages.keys()) if (id <= last && !there.has(id)) this.#messages.delete(id);
    return waiting.map((buffered) => {
      const message = this.#messages.get(buffered.id) ?? messageFrom(buffered);
      this.#messages.set(buffered.id, message);
      return message;
    });
  }

  forget(removed: readonly BufferedMessage[]): void {
    for (const { id } of removed) this.#messages.delete(id);
  }
}

function messageFrom({ key, timestamp, value }: BufferedMessage): Message {
  const record: SourceMessage = { key, timestamp, value, meta: { lane: 'disk buffer' } };
  return { key, timestamp, value, meta: record.meta, track: looseTrack(record) };
}
