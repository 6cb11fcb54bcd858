import { Observable, type OperatorFunction } from 'rxjs';
import type { Clock } from '../../../src/kit/clock.ts';
import type { Batch, LaneContext, Message } from '../../../src/kit/message.ts';
import type { TableDefinition } from './definition.ts';
import { Gathered } from './gathered.ts';

/** Messages of a lane that wait for a write, at most, whole and packed. */
const laneMessages = { whole: 16_384, packed: 32_768 };
/** How often a key comes in a write that does not wait for what is still in the log: its row changes once for all of them. */
const messagesPerKey = { whole: 8, packed: 64 };
/** How long what is gathered waits for more, at most, ms. */
const longestMs = 5000;
/** What all that is absorbed takes in memory, over all lanes, before a lane has to write, bytes. */
const mostBytes = 24 * 2 ** 20;
/** From here on one lane with a backlog goes on, then the next. */
const sharedBytes = 18 * 2 ** 20;

/**
 * Gathers what is to be written: one write of a lane is under way; whatever arrives meanwhile waits, and so does what is
 * followed by more that was read already, or is in the log while keys are many. A quiet lane writes at once, one with a
 * backlog gathers until the bounds above are reached, or nothing more comes; then all of it is one write.
 *
 * What waits is absorbed within bounds of messages, bytes and time; beyond them it holds its permits, so that its lane is
 * not read. A lane of which nothing waits may always absorb a batch: none depends on the others. When little room is
 * left, lanes that have a backlog gather one after the other: each then has room for more messages of its keys, and a row
 * changes less often.
 */
export class Gather {
  readonly clock: Clock;
  readonly definition: TableDefinition;
  /** Of what is absorbed, until it is durable. */
  bytes = 0;
  /** Writes under way, of all lanes. */
  #writes = 0;
  /** The lane that goes on when little room is left. */
  #turn: LaneGather | undefined;
  /** Lanes that wait for room. */
  readonly #waiting = new Set<LaneGather>();

  constructor(clock: Clock, definition: TableDefinition) {
    this.clock = clock;
    this.definition = definition;
  }

  hasRoom(lane: LaneGather): boolean {
    if (this.bytes < sharedBytes) return true;
    if (lane.isFilling) this.#turn ??= lane;
    return this.bytes < mostBytes && (!lane.isFilling || this.#turn === lane);
  }

  /** Wakes the lane when there is room. False if no other will make any: it has to write. */
  waitForRoom(lane: LaneGather): boolean {
    if (this.#writes === 0 && this.#turn === lane) return false;
    this.#waiting.add(lane);
    return true;
  }

  /** The lane waits for nothing more. */
  leave(lane: LaneGather): void {
    this.#waiting.delete(lane);
    if (this.#turn !== lane) return;
    this.#turn = undefined;
    this.#wake();
  }

  writeBegins(lane: LaneGather): void {
    this.#writes++;
    this.leave(lane);
  }

  writeEnds(bytes: number): void {
    this.bytes -= bytes;
    this.#writes--;
    this.#wake();
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const lane of waiting) lane.goOn();
  }

  /** As `Gathering.lane`. */
  lane(write: Write, wasStored: (message: Message) => boolean): OperatorFunction<Batch, Batch> {
    return (batches) =>
      new Observable((subscriber) => {
        const passOn = (batch: Batch) => subscriber.next(batch);
        const lane = new LaneGather(this, { write, wasStored, passOn });
        subscriber.add(() => lane.leave());
        return batches.subscribe({
          next: (batch) => lane.arrive(batch),
          error: (error) => subscriber.error(error),
          complete: () => lane.end(() => subscriber.complete()),
        });
      });
  }
}

type Write = (batch: Batch) => Promise<Batch>;

interface LaneParts {
  readonly write: Write;
  readonly wasStored: (message: Message) => boolean;
  passOn(batch: Batch): void;
}

/** What one lane has gathered. */
class LaneGather {
  #cancelTimer = () => {};
  /** Batches that wait for room, in order. */
  readonly #waiting: Batch[] = [];
  #gathered: Gathered;
  /** Until when they wait, monotonic ms. */
  #until = 0;
  #lane: LaneContext | undefined;
  #isWriting = false;
  /** What is gathered waits for more of the log, or did. */
  #wasFilling = false;
  #ended: (() => void) | undefined;
  readonly #gather: Gather;
  readonly #parts: LaneParts;

  constructor(gather: Gather, parts: LaneParts) {
    this.#gather = gather;
    this.#parts = parts;
    this.#gathered = new Gathered(gather.definition);
  }

  arrive(batch: Batch): void {
    if (batch.warmUp || batch.messages.length === 0) {
      this.#parts.passOn({ ...batch, messages: [] });
      return;
    }
    this.#lane = batch.lane;
    this.#waiting.push(batch);
    this.goOn();
  }

  /** Takes what there is room for by now. */
  goOn(): void {
    this.#absorb();
    this.#writeOrWait();
  }

  leave(): void {
    this.#cancelTimer();
    this.#gather.leave(this);
  }

  /** Nothing comes after this: what is gathered is written without delay. */
  end(done: () => void): void {
    this.#ended = done;
    this.#write();
    if (!this.#isWriting) done();
  }

  #absorb(): void {
    for (let [batch] = this.#waiting; batch && this.#hasRoom(batch); [batch] = this.#waiting) {
      this.#waiting.shift();
      if (this.#gathered.length === 0) this.#until = this.#gather.clock.monotonic() + longestMs;
      this.#add(batch);
      // The last one may cause a write: all of them are part of it.
      for (const { track } of batch.messages) track.absorb();
    }
  }

  #add({ messages }: Batch): void {
    const gathered = this.#gathered;
    const before = gathered.bytes;
    const isReadable = this.#hasBacklog && this.#lane?.bytesAt !== undefined;
    if (isReadable || gathered.form === 'packed') gathered.pack(messages, this.#parts.wasStored);
    else gathered.add(messages);
    this.#gather.bytes += gathered.bytes - before;
    this.#wasFilling ||= this.isFilling;
  }

  #hasRoom(batch: Batch): boolean {
    return this.#gathered.length === 0 || (!this.#isBeyondLane(batch) && this.#gather.hasRoom(this));
  }

  #isBeyondLane({ messages }: Batch): boolean {
    return this.#gathered.length + messages.length > laneMessages[this.#gathered.form];
  }

  /** Its rows would change for few messages each. */
  get #isSparse(): boolean {
    const { length, keys, form } = this.#gathered;
    return length < messagesPerKey[form] * keys;
  }

  /** It waits for more of its backlog. */
  get isFilling(): boolean {
    return this.#isSparse && this.#hasBacklog;
  }

  get #hasBacklog(): boolean {
    return this.#lane?.hasBacklog?.() === true;
  }

  get #leftMs(): number {
    return this.#until - this.#gather.clock.monotonic();
  }

  /** Writes what is absorbed, unless more of the lane is on its way and there is room for it. */
  readonly #writeOrWait = (): void => {
    this.#cancelTimer();
    if (this.#isWriting || this.#gathered.length === 0) return;
    const isOver = (this.#wasFilling && !this.#isSparse) || this.#leftMs <= 0 || this.#ended !== undefined;
    if (isOver || this.#hasToWrite() || !this.#lane?.moreComes?.(this.#writeOrWait, this.#isSparse)) this.#write();
    else this.#cancelTimer = this.#gather.clock.timer(this.#leftMs, this.#write);
  };

  /** What waits has no room before a write of this lane; if it has, the lane is woken then. */
  #hasToWrite(): boolean {
    const [next] = this.#waiting;
    if (!next) return false;
    return this.#isBeyondLane(next) || !this.isFilling || !this.#gather.waitForRoom(this);
  }

  readonly #write = () => {
    const [lane, gathered] = [this.#lane, this.#gathered];
    if (this.#isWriting || gathered.length === 0 || lane === undefined) return;
    this.#cancelTimer();
    this.#isWriting = true;
    this.#gathered = new Gathered(this.#gather.definition);
    this.#wasFilling = false;
    this.#gather.writeBegins(this);
    this.#absorb();
    void this.#parts.write({ lane, messages: gathered.messages(), warmUp: false }).then((written) => {
      this.#isWriting = false;
      this.#parts.passOn(written);
      this.#gather.writeEnds(gathered.bytes);
      this.goOn();
      if (!this.#isWriting) this.#ended?.();
    });
  };
}
