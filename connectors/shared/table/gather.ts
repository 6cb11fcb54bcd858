import { Observable, type OperatorFunction } from 'rxjs';
import type { Clock } from '../../../src/kit/clock.ts';
import type { Batch, LaneContext, Message } from '../../../src/kit/message.ts';

/** Messages of a lane that wait for a write, at most; each may change a row of its own. */
const laneMessages = 16_384;
/** How often a key comes in a write that does not wait for what is still in the log: its row changes once for all of them. */
const messagesPerKey = 8;
/** How long what is gathered waits for more, at most, ms. */
const longestMs = 5000;
/** What all that is absorbed takes in memory, over all lanes, at most, bytes. */
const mostBytes = 24 * 2 ** 20;
/** What an absorbed message takes beside its bytes, roughly. */
const ownBytes = 512;

/**
 * Gathers what is to be written: one write of a lane is under way; whatever arrives meanwhile waits, and so does what is
 * followed by more that was read already, or is in the log while keys are many. A quiet lane writes at once, one with a
 * backlog gathers until the bounds below are reached, or nothing more comes; then all of it is one write.
 *
 * What waits is absorbed within bounds of messages, bytes and time; beyond them it holds its permits, so that its lane is
 * not read. A lane of which nothing waits may always absorb a batch: none depends on the others. Lanes that have a backlog
 * of many keys gather one after the other: each then has room for more messages of its keys, and a row changes less often.
 */
export class Gather {
  readonly clock: Clock;
  /** Of what is absorbed, until it is durable. */
  bytes = 0;
  /** Writes under way, of all lanes. */
  #writes = 0;
  /** The lane that gathers from its backlog. */
  #turn: LaneGather | undefined;
  /** Lanes that wait for their turn, or for room. */
  readonly #waiting = new Set<LaneGather>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  hasTurn(lane: LaneGather): boolean {
    return this.#turn === lane;
  }

  /** Gives the lane its turn if no other has it; whether it has it now. */
  takeTurn(lane: LaneGather): boolean {
    this.#turn ??= lane;
    return this.hasTurn(lane);
  }

  /** Wakes the lane when others have made room, or had their turn. False if none will: it has to write. */
  waitForOthers(lane: LaneGather): boolean {
    if (this.#writes === 0 && this.hasTurn(lane)) return false;
    this.#waiting.add(lane);
    return true;
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

  /** The lane waits for nothing more. */
  leave(lane: LaneGather): void {
    this.#waiting.delete(lane);
    if (!this.hasTurn(lane)) return;
    this.#turn = undefined;
    this.#wake();
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const lane of waiting) lane.goOn();
  }

  /** @param write ends every message of a batch; never rejects */
  lane(write: (batch: Batch) => Promise<Batch>): OperatorFunction<Batch, Batch> {
    return (batches) =>
      new Observable((subscriber) => {
        const lane = new LaneGather(this, write, (batch) => subscriber.next(batch));
        subscriber.add(() => lane.leave());
        return batches.subscribe({
          next: (batch) => lane.arrive(batch),
          error: (error) => subscriber.error(error),
          complete: () => lane.end(() => subscriber.complete()),
        });
      });
  }
}

/** What one lane has gathered. */
class LaneGather {
  #cancelTimer = () => {};
  /** Batches that wait for room, in order. */
  readonly #waiting: Batch[] = [];
  #absorbed: Message[] = [];
  /** Of what is absorbed. */
  readonly #keys = new Set<string | null>();
  /** Until when they wait, monotonic ms. */
  #until = 0;
  #lane: LaneContext | undefined;
  #isWriting = false;
  #ended: (() => void) | undefined;
  readonly #gather: Gather;
  readonly #deliver: (batch: Batch) => Promise<Batch>;
  readonly #passOn: (batch: Batch) => void;

  constructor(gather: Gather, deliver: (batch: Batch) => Promise<Batch>, passOn: (batch: Batch) => void) {
    this.#gather = gather;
    this.#deliver = deliver;
    this.#passOn = passOn;
  }

  arrive(batch: Batch): void {
    if (batch.warmUp || batch.messages.length === 0) {
      this.#passOn({ ...batch, messages: [] });
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
      if (this.#absorbed.length === 0) this.#until = this.#gather.clock.monotonic() + longestMs;
      this.#gather.bytes += bytesOf(batch.messages);
      for (const message of batch.messages) {
        this.#absorbed.push(message);
        this.#keys.add(message.key);
      }
      for (const { track } of batch.messages) track.absorb();
    }
  }

  #hasRoom({ messages }: Batch): boolean {
    if (this.#absorbed.length === 0) return true;
    if (this.#absorbed.length + messages.length > laneMessages) return false;
    if (this.#isFilling && !this.#gather.takeTurn(this)) return false;
    return this.#gather.bytes + bytesOf(messages) <= mostBytes;
  }

  /** Its rows would change for few messages each. */
  get #isSparse(): boolean {
    return this.#absorbed.length < messagesPerKey * this.#keys.size;
  }

  /** It gathers from its backlog, and needs its turn for that. */
  get #isFilling(): boolean {
    return this.#isSparse && this.#lane?.hasBacklog?.() === true;
  }

  get #leftMs(): number {
    return this.#until - this.#gather.clock.monotonic();
  }

  /** Writes what is absorbed, unless more of the lane is on its way and there is room for it. */
  readonly #writeOrWait = (): void => {
    this.#cancelTimer();
    if (this.#isWriting || this.#absorbed.length === 0) return;
    const isFilled = !this.#isSparse && this.#gather.hasTurn(this);
    const isOver = isFilled || this.#leftMs <= 0 || this.#ended !== undefined;
    if (isOver || this.#hasToWrite() || !this.#lane?.moreComes?.(this.#writeOrWait, this.#isSparse)) this.#write();
    else this.#cancelTimer = this.#gather.clock.timer(this.#leftMs, this.#write);
  };

  /** What waits has no room before a write of this lane; if it has, the lane is woken then. */
  #hasToWrite(): boolean {
    const [next] = this.#waiting;
    if (!next) return false;
    const isLarge = this.#absorbed.length + next.messages.length > laneMessages;
    return isLarge || !this.#isFilling || !this.#gather.waitForOthers(this);
  }

  readonly #write = () => {
    const [lane, messages] = [this.#lane, this.#absorbed];
    if (this.#isWriting || messages.length === 0 || lane === undefined) return;
    this.#cancelTimer();
    this.#isWriting = true;
    this.#absorbed = [];
    this.#keys.clear();
    this.#gather.writeBegins(this);
    this.#absorb();
    void this.#deliver({ lane, messages, warmUp: false }).then((delivered) => {
      this.#isWriting = false;
      this.#passOn(delivered);
      this.#gather.writeEnds(bytesOf(messages));
      this.goOn();
      if (!this.#isWriting) this.#ended?.();
    });
  };
}

/** Messages that were made of one share its bytes. */
function bytesOf(messages: readonly Message[]): number {
  let bytes = messages.length * ownBytes;
  let last: Message['track'] | undefined;
  for (const { track } of messages) {
    if (track !== last) bytes += track.raw?.length ?? 0;
    last = track;
  }
  return bytes;
}
