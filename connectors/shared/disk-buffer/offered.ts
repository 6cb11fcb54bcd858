import type { Message, SourceMessage } from '../../../src/kit/message.ts';
import { looseTrack } from '../../../src/kit/track.ts';
import type { BufferedMessage } from './disk-buffer.ts';

/** A message for the buffer; `offered` when the log has seen it, and may store it yet. */
export interface Kept {
  readonly row: Omit<BufferedMessage, 'id'>;
  readonly offered: Message | undefined;
}

/**
 * The messages of a disk buffer as the log was offered them, by their ids: a log that was not waited for knows the very
 * same message again, and appends it once. Bounded by what was offered and is still in the buffer.
 */
export class Offered {
  readonly #messages = new Map<number, Message>();

  /** It lies in the buffer under this id, and the log may store it yet. */
  add(id: number, message: Message): void {
    this.#messages.set(id, message);
  }

  /** The oldest messages of the buffer, to be offered; what was dropped from it meanwhile is forgotten. */
  messagesOf(waiting: readonly BufferedMessage[]): readonly Message[] {
    const oldest = waiting[0]?.id ?? 0;
    for (const id of this.#messages.keys()) if (id < oldest) this.#messages.delete(id);
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
