import type { Meta } from './origin.ts';

/** The parts of a source message that are kept until its end. */
export interface Tracked {
  readonly key: string | null;
  /** Unix ms. */
  readonly timestamp: number;
  readonly meta: Meta;
  readonly raw?: Uint8Array | string | undefined;
  /**
   * For the dead letter, only where there are no bytes: operators have replaced the value long
   * before the end.
   */
  readonly value?: unknown;
  readonly onlyIndex?: number | undefined;
}

/**
 * How a message ended, in order of precedence: if one message became several, the highest of their
 * outcomes is the source message's.
 */
export const Outcome = {
  /** An operator dropped it, as the pipeline says. */
  filtered: 0,
  /** Every sink confirmed it. */
  delivered: 1,
  /** It is in the dead letter (or, where there is none, logged and counted). */
  rejected: 2,
  /** Not finished: its lane was revoked or the stop was forced. It will be read again. */
  released: 3,
} as const;
export type Outcome = (typeof Outcome)[keyof typeof Outcome];

/** The owner, which is notified when everything derived from a message has ended. */
export interface TrackOwner {
  ended(outcome: Outcome): void;
  /**
   * All of it that has not ended is absorbed now (true), or no longer (false): a sink that gathers
   * holds it, within bounds of its own. Before the end it is true once more than false.
   */
  absorbed?(isAbsorbed: boolean): void;
}

/**
 * Follows what becomes of one message. Children share their parent's track: `fork` says that there
 * are more of them, `end` that one has ended. When none is left the owner gets the outcome, once.
 * Operators never call either; the helpers in `operator.ts` do.
 */
export class Track implements TrackOwner, Tracked {
  readonly key: string | null;
  readonly timestamp: number;
  readonly meta: Meta;
  readonly raw: Uint8Array | string | undefined;
  readonly value: unknown;
  readonly onlyIndex: number | undefined;
  readonly #owner: TrackOwner;
  #pending = 1;
  /** Of those that are pending. */
  #absorbed = 0;
  #isAbsorbed = false;
  #worst: Outcome = Outcome.filtered;

  /** @param record the message as the source read it */
  constructor(owner: TrackOwner, record: Tracked) {
    this.key = record.key;
    this.timestamp = record.timestamp;
    this.meta = record.meta;
    this.raw = record.raw;
    this.value = record.raw === undefined ? record.value : undefined;
    this.onlyIndex = record.onlyIndex;
    this.#owner = owner;
  }

  /** Continues the track of an absorbed message whose bytes were let go. */
  static absorbed(owner: TrackOwner, record: Tracked): Track {
    const track = new Track(owner, record);
    track.#absorbed = 1;
    track.#isAbsorbed = true;
    return track;
  }

  /** Who is told of the end of the last message that shares this track; the track itself while there are others. */
  get lastOwner(): TrackOwner {
    return this.#pending === 1 && this.#worst <= Outcome.delivered ? this.#owner : this;
  }

  /** `more` further messages now share this track. */
  fork(more: number): void {
    this.#pending += more;
    if (this.#isAbsorbed) this.#note();
  }

  /** One of the messages that share this track has ended. */
  end(outcome: Outcome): void {
    if (outcome > this.#worst) this.#worst = outcome;
    this.#pending--;
    this.#note();
    if (this.#pending === 0) this.#owner.ended(this.#worst);
  }

  /** A sink has absorbed one of the messages that share this track. */
  absorb(): void {
    this.#absorbed++;
    this.#note();
  }

  /** An absorbed one is durable. */
  endAbsorbed(outcome: Outcome): void {
    this.#absorbed--;
    this.end(outcome);
  }

  /** An absorbed one goes on by itself: the sink has given it back. */
  surface(): void {
    this.#absorbed--;
    this.#note();
  }

  ended(outcome: Outcome): void {
    this.end(outcome);
  }

  #note(): void {
    const isAbsorbed = this.#absorbed === this.#pending;
    if (isAbsorbed === this.#isAbsorbed) return;
    this.#isAbsorbed = isAbsorbed;
    this.#owner.absorbed?.(isAbsorbed);
  }
}

const nobody: TrackOwner = { ended: () => {} };

/** A track that settles nothing: for warm-up messages and best-effort branches. */
export function looseTrack(record: Tracked): Track {
  return new Track(nobody, record);
}
