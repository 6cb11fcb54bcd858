import type { Message } from '../../../src/kit/message.ts';
import type { Track } from '../../../src/kit/track.ts';
import type { TableDefinition } from './definition.ts';
import { type MessageChange, readChange } from './fold.ts';
import { isPackable, Packed, PackedChange } from './packed.ts';
import type { StoredValue } from './values.ts';

/** What a message takes beside its bytes, roughly, bytes. */
const messageBytes = 512;
/** What a packed one takes, and the change of a row that some make: without, and for each of its steps. */
const [packedBytes, packedStepBytes, changeBytes, changeStepBytes] = [48, 16, 200, 40];
/** What changes more fields than this is not packed: it would save little memory for much time. */
const mostSteps = 4;

/**
 * Messages of a lane that wait for a write. Those that may wait for long are packed: what they change is folded into
 * one change of each row, and what else is needed of them takes a sixth of the memory. Their bytes are let go: they are
 * still in the log.
 */
export class Gathered {
  /** How many they are, however many are packed. */
  length = 0;
  /** Roughly what they take in memory. */
  bytes = 0;
  readonly #definition: TableDefinition;
  /** Of those that are not packed. */
  readonly #keys = new Set<string | null>();
  readonly #items: (Message | PackedChange)[] = [];
  /** The changes that may grow, by row. */
  readonly #open = new Map<StoredValue, PackedChange>();
  readonly #packed: Packed[] = [];
  /** They are too large to be packed. */
  #areLarge = false;
  #lastTrack: Track | undefined;

  constructor(definition: TableDefinition) {
    this.#definition = definition;
  }

  /** How many keys or rows they have, roughly. */
  get keys(): number {
    return Math.max(this.#keys.size, this.#open.size);
  }

  /** Whole, until some are packed. */
  get form(): 'whole' | 'packed' {
    return this.#packed.length > 0 ? 'packed' : 'whole';
  }

  /** Adds messages as they are; none after one that is packed. */
  add(messages: readonly Message[]): void {
    for (const message of messages) this.#keep(message);
  }

  /**
   * Adds messages that the log has, packed where that is possible.
   *
   * @param isKept whether one has to stay as it is
   */
  pack(messages: readonly Message[], isKept: (message: Message) => boolean): void {
    for (const message of messages) {
      const change = this.#areLarge ? undefined : this.#read(message);
      const isLarge = change !== undefined && change.steps.length > mostSteps;
      this.#areLarge ||= isLarge && this.#packed.length === 0;
      if (change && !isLarge && isPackable(message) && !isKept(message)) this.#pack(message, change);
      else {
        if (change) this.#close(change.key);
        this.#keep(message);
      }
    }
  }

  /** In order. One may stand for several that were packed. */
  messages(): Message[] {
    return this.#items.flatMap((item) => (item instanceof PackedChange ? item.messages() : item));
  }

  #keep(message: Message): void {
    this.length++;
    this.#items.push(message);
    this.#keys.add(message.key);
    this.bytes += messageBytes + this.#bytesOf(message.track);
  }

  #pack(message: Message, change: MessageChange): void {
    this.length++;
    const steps = change.steps.length;
    this.bytes += packedBytes + packedStepBytes * steps;
    if (message.track.lastOwner === message.track) this.bytes += this.#bytesOf(message.track);
    if (this.#open.get(change.key)?.add(message, change)) return;
    this.#close(change.key);
    const made = new PackedChange(this.#packedLike(message, change), message, change);
    this.#open.set(change.key, made);
    this.#items.push(made);
    this.bytes += changeBytes + changeStepBytes * steps;
  }

  /** What follows changes the row by itself. */
  #close(row: StoredValue): void {
    const open = this.#open.get(row);
    if (open) open.isLast = false;
    this.#open.delete(row);
  }

  /** Undefined if the message will be refused. */
  #read(message: Message): MessageChange | undefined {
    try {
      return readChange(this.#definition, message, 0);
    } catch {
      return undefined;
    }
  }

  #packedLike(message: Message, { steps }: MessageChange): Packed {
    const found = this.#packed.find((packed) => packed.has(steps));
    if (found) return found;
    const made = new Packed(message, steps);
    this.#packed.push(made);
    return made;
  }

  /** Messages that were made of one share its bytes. */
  #bytesOf(track: Track): number {
    if (track === this.#lastTrack) return 0;
    this.#lastTrack = track;
    return track.raw?.length ?? 0;
  }
}
