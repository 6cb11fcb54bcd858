import type { Message } from '../../../src/kit/message.ts';
import type { Meta } from '../../../src/kit/origin.ts';
import { type Outcome, Track, type Tracked, type TrackOwner } from '../../../src/kit/track.ts';
import { CombinedSteps, isAlike } from './combine.ts';
import { KnownChange, type MessageChange } from './fold.ts';
import type { Step } from './steps.ts';
import type { LaneOffset } from './store.ts';
import type { StoredValue } from './values.ts';

/** Whether the log has what can't be packed of a message: its bytes. */
export function isPackable({ key, meta, timestamp, track }: Message): boolean {
  const { topic, partition, offset, origin } = meta;
  const isOfLog = topic !== undefined && partition !== undefined && offset !== undefined && !origin;
  return isOfLog && track.raw !== undefined && key === track.key && timestamp === track.timestamp;
}

/**
 * Messages of one lane that change the same fields in the same ways: of each its values, its place in the log, and who
 * is told of its end, in columns.
 */
export class Packed {
  /** The steps of the first: those of all are alike. */
  readonly form: readonly Step[];
  /** Whether those of a row can be one change: where a field changes in two ways, their order matters. */
  readonly isCombinable: boolean;
  readonly #origin: Meta;
  readonly #offsets: number[] = [];
  /** -1 without one. */
  readonly #indexes: number[] = [];
  readonly #times: number[] = [];
  readonly #owners: TrackOwner[] = [];
  /** The one before it of the same row; -1 if it is the first. */
  readonly #before: number[] = [];
  /** By place among the steps: the values, and what orders them. */
  readonly #values: StoredValue[][];
  readonly #orders: number[][];

  constructor({ meta }: Message, form: readonly Step[]) {
    this.#origin = meta;
    this.form = form;
    this.#values = form.map(() => []);
    this.#orders = form.map(() => []);
    this.isCombinable = new Set(form.map(({ field }) => field)).size === form.length;
  }

  has(steps: readonly Step[]): boolean {
    return isAlike(this.form, steps);
  }

  /** Returns its place. @param before that of the one before it of the same row */
  add({ meta, track }: Message, steps: readonly Step[], before: number): number {
    for (let at = 0; at < steps.length; at++) {
      const { value, order } = steps[at] as Step;
      this.#values[at]?.push(value);
      if (order) this.#orders[at]?.push(order[0]);
    }
    this.#indexes.push(meta.index ?? -1);
    this.#times.push(track.timestamp);
    this.#owners.push(track.lastOwner);
    this.#before.push(before);
    return this.#offsets.push(meta.offset ?? -1) - 1;
  }

  /** Up to one, in order, those of the same row. */
  upTo(last: number): number[] {
    const places: number[] = [];
    for (let at = last; at >= 0; at = this.#before[at] as number) places.push(at);
    return places.reverse();
  }

  ownerOf(at: number): TrackOwner {
    return this.#owners[at] as TrackOwner;
  }

  placeOf(at: number): LaneOffset {
    return [this.#offsets[at] as number, Math.max(0, this.#indexes[at] as number)];
  }

  /** What is kept of its record. */
  recordOf(at: number, { key }: Pick<PackedChange, 'key'>): Tracked {
    const { lane, topic, partition } = this.#origin;
    const [offset, index] = [this.#offsets[at] as number, this.#indexes[at] as number];
    const meta = { lane, topic, partition, offset, ...(index >= 0 && { index }) } as Meta;
    return { key, timestamp: this.#times[at] as number, meta };
  }

  message(at: number, change: Pick<PackedChange, 'row' | 'key'>): Message {
    const { lane } = this.#origin;
    const place = this.placeOf(at);
    const steps = this.form.map(({ field, kind, type, order }, step): Step => {
      const value = this.#values[step]?.[at] ?? null;
      return { field, kind, type, value, order: order && [this.#orders[step]?.[at] ?? 0, lane, ...place] };
    });
    const record = this.recordOf(at, change);
    const owner = this.ownerOf(at);
    const track = owner instanceof Track ? owner : Track.absorbed(owner, record);
    const { key, timestamp, meta } = record;
    return { key, value: new KnownChange(change.row, steps), timestamp, meta, track };
  }
}

/** One change of a row that several messages of one key make together. */
export class PackedChange {
  readonly row: StoredValue;
  readonly key: string | null;
  /** Nothing that waits changes the row after it. */
  isLast = true;
  readonly #packed: Packed;
  readonly #first: number;
  #last: number;
  #count = 1;
  readonly #steps: CombinedSteps;

  constructor(packed: Packed, message: Message, { key: row, steps }: MessageChange) {
    this.row = row;
    this.key = message.key;
    this.#packed = packed;
    this.#steps = new CombinedSteps(packed.form, steps);
    this.#first = packed.add(message, steps, -1);
    this.#last = this.#first;
  }

  /** False if the message can't be part of it. */
  add(message: Message, { steps }: MessageChange): boolean {
    const { isCombinable } = this.#packed;
    if (!isCombinable || message.key !== this.key || !this.#packed.has(steps)) return false;
    this.#steps.add(steps);
    this.#last = this.#packed.add(message, steps, this.#last);
    this.#count++;
    return true;
  }

  /**
   * One that stands for all of them. If it can't be written, they are written one by one afterwards: so it is each for
   * itself if another change of the row follows, which would raise its mark above theirs.
   */
  messages(): readonly Message[] {
    const parts = () => this.#packed.upTo(this.#last).map((at) => this.#packed.message(at, this));
    if (this.#count === 1 || !this.isLast) return parts();
    const record = this.#packed.recordOf(this.#last, this);
    const value = new KnownChange(this.row, this.#steps.steps, this.#packed.placeOf(this.#first));
    const owner = new OwnerOfAll(this.#packed.upTo(this.#last).map((at) => this.#packed.ownerOf(at)));
    const track = Track.absorbed(owner, record);
    const { key, timestamp, meta } = record;
    return [{ key, value, timestamp, meta, track, together: { count: this.#count, parts } }];
  }
}

/** Tells who is to be told of the end of several absorbed messages. */
class OwnerOfAll implements TrackOwner {
  readonly #owners: readonly TrackOwner[];
  #isAbsorbed = true;

  constructor(owners: readonly TrackOwner[]) {
    this.#owners = owners;
  }

  ended(outcome: Outcome): void {
    for (const owner of this.#owners)
      if (owner instanceof Track && this.#isAbsorbed) owner.endAbsorbed(outcome);
      else owner.ended(outcome);
  }

  absorbed(isAbsorbed: boolean): void {
    this.#isAbsorbed = isAbsorbed;
    for (const owner of this.#owners)
      if (owner instanceof Track) owner[isAbsorbed ? 'absorb' : 'surface']();
      else owner.absorbed?.(isAbsorbed);
  }
}
