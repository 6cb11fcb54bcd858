import { map } from 'rxjs';
import type { DeadLetter } from '../../kit/dead-letter.ts';
import { valueOrProblem } from '../../kit/json.ts';
import type { SourceMessage } from '../../kit/message.ts';
import type { Lane, Source } from '../../kit/source.ts';

/** A letter in the log of dead letters. */
export interface StoredLetter {
  /** `partition-offset` in the log of dead letters. */
  readonly id: string;
  readonly letter: DeadLetter;
  readonly record: SourceMessage;
}

/** The letter in a record of the log of dead letters; undefined if it is not a letter. */
export function letterIn(record: SourceMessage): StoredLetter | undefined {
  const letter = record.value as Partial<DeadLetter> | null | undefined;
  const isLetter =
    typeof letter?.code === 'string' && typeof letter.value === 'string' && typeof letter.origin === 'object';
  if (!isLetter) return undefined;
  const { partition = 0, offset = 0 } = record.meta;
  return { id: `${partition}-${offset}`, letter: letter as DeadLetter, record };
}

/** A note on a letter (replayed, dropped): a record beside the letters, since a log removes nothing. */
export interface LetterNote {
  readonly note: 'replayed' | 'dropped';
  /** The letter's `id`. */
  readonly letter: string;
  /** Unix ms. */
  readonly at: number;
}

/** The note in a record of the log of dead letters; undefined if it is not a note. */
export function noteIn({ value }: SourceMessage): LetterNote | undefined {
  const note = value as Partial<LetterNote> | null | undefined;
  const isNote = (note?.note === 'replayed' || note?.note === 'dropped') && typeof note.letter === 'string';
  return isNote ? (note as LetterNote) : undefined;
}

/** The id of a letter that was replayed, from the lane of the message that it became. */
export function replayedId(lane: string): string {
  const [partition = '', offset = ''] = lane.split('/').slice(-2);
  return `${partition}-${offset}`;
}

/** The bytes of the message that the letter holds. */
export function bytesOfLetter({ value, encoding }: DeadLetter): Buffer {
  return Buffer.from(value, encoding === 'base64' ? 'base64' : 'utf8');
}

/**
 * A log of dead letters as the source of the topology that the letters come from. Each chosen letter becomes its
 * message again: with its first origin for templates, so that its idempotency key is the same, and of several children
 * only the rejected one. Each letter has a lane of its own, and so a mark of its own in the counters: in whatever order
 * and however often letters are replayed, each counts once.
 */
export function replaying(source: Source, isChosen: (stored: StoredLetter) => boolean): Source {
  return {
    replayable: false,
    connect: (signal, options) => source.connect(signal, options),
    close: () => source.close(),
    lanes: source.lanes.pipe(map((lane) => replayLane(lane, isChosen))),
  };
}

function replayLane(lane: Lane, isChosen: (stored: StoredLetter) => boolean): Lane {
  return {
    id: lane.id,
    signal: lane.signal,
    read: async (signal) => {
      const reading = await lane.read(signal);
      const letters = reading?.messages.map(letterIn).filter((stored) => stored !== undefined);
      return reading && { bytes: reading.bytes, messages: (letters ?? []).filter(isChosen).map(restored) };
    },
  };
}

function restored({ id, letter, record }: StoredLetter): SourceMessage {
  const { key, timestamp, index, topic, partition, offset } = letter.origin;
  const origin = {
    ...(topic === undefined ? {} : { topic }),
    ...(partition === undefined ? {} : { partition }),
    ...(offset === undefined ? {} : { offset }),
  };
  return {
    ...{
      key,
      timestamp,
      meta: { ...record.meta, lane: `${record.meta.lane}/${record.meta.offset}`, offset: 0, origin },
    },
    ...valueOrProblem(bytesOfLetter(letter), `dead letter ${id}: its message is still unreadable`),
    ...(index === undefined ? {} : { onlyIndex: index }),
  };
}
