import type { Subscriber } from 'rxjs';
import { FdpError } from '../../src/errors.ts';
import { onAbort } from '../../src/kit/clock.ts';
import type { KeyLanes } from '../../src/kit/key-lanes.ts';
import type { Batch, LaneContext, Message } from '../../src/kit/message.ts';
import type { Node } from '../../src/kit/node.ts';
import { RecencyMap } from '../../src/kit/recency-map.ts';
import { Outcome, Track } from '../../src/kit/track.ts';

interface DedupeOptions {
  readonly node: Node;
  /** Shared by the lanes of an operator. */
  readonly lanes: KeyLanes;
  keyOf(message: Message): unknown;
  /** How far apart two timestamps of the same key may be, ms. */
  readonly windowMs: number;
  readonly maxKeys: number;
  readonly subscriber: Subscriber<Batch>;
}

/**
 * What `dedupe` knows of one lane. A message goes on with a track of its own in between, which tells how it ended; until
 * then later messages of its key are held here, and count as in flight.
 */
export class DedupeLane {
  readonly #options: DedupeOptions;
  /** Key to the timestamp of its delivered message, oldest first. */
  readonly #delivered = new RecencyMap<number>();
  /** Key to the messages that wait for the one under way. */
  readonly #underWay = new Map<string, Message[]>();
  readonly #output: Batch[] = [];
  #lane: LaneContext | undefined;
  #letGo = () => {};
  #held = 0;
  #emitting = false;
  #inputEnded = false;
  #released = false;

  constructor(options: DedupeOptions) {
    this.#options = options;
  }

  take(batch: Batch): void {
    this.#follow(batch.lane);
    this.#emit(batch.warmUp ? batch : { ...batch, messages: this.#sortAll(batch) });
  }

  inputEnded(): void {
    this.#inputEnded = true;
    this.#completeWhenEmpty();
  }

  /** The lane or the subscription is over: what is held here will be read again. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#letGo();
    for (const waiting of this.#underWay.values()) this.#endAll(waiting, 'release');
    this.#underWay.clear();
    this.#completeWhenEmpty();
  }

  #sortAll({ messages, lane }: Batch): readonly Message[] {
    this.#options.node.in += messages.length;
    return messages.map((message) => this.#sort(message, lane)).filter((message) => message !== undefined);
  }

  /** The message as it goes on, or undefined when it ended or waits here. */
  #sort(message: Message, lane: LaneContext): Message | undefined {
    const { node } = this.#options;
    let key: string;
    try {
      key = this.#keyOf(message);
    } catch (error) {
      node.reject(lane, message, error);
      return undefined;
    }
    if (this.#isKnown(key, message)) {
      node.filter(message);
      return undefined;
    }
    const waiting = this.#underWay.get(key);
    if (waiting === undefined) {
      this.#options.lanes.see(key, message.meta);
      return this.#pass(key, message, []);
    }
    waiting.push(message);
    this.#held++;
    node.inFlight++;
    return undefined;
  }

  #keyOf(message: Message): string {
    const key = this.#options.keyOf(message);
    if (key === undefined || key === null)
      throw new FdpError('FDP_MESSAGE_INVALID', 'the message has no value for its key');
    return String(key);
  }

  #isKnown(key: string, { timestamp }: Message): boolean {
    const delivered = this.#delivered.get(key);
    return delivered !== undefined && Math.abs(timestamp - delivered) <= this.#options.windowMs;
  }

  #pass(key: string, message: Message, waiting: Message[]): Message {
    this.#options.node.out++;
    // After a release nothing more is distinguished: what still comes is read again, and ends as the engine decides.
    if (this.#released) return message;
    this.#underWay.set(key, waiting);
    const ended = (outcome: Outcome): void => {
      message.track.end(outcome);
      this.#ended(key, message, outcome);
    };
    return { ...message, track: new Track({ ended }, message.track) };
  }

  #ended(key: string, message: Message, outcome: Outcome): void {
    const waiting = this.#underWay.get(key);
    if (waiting === undefined) return;
    this.#underWay.delete(key);
    if (outcome === Outcome.released) this.#endAll(waiting, 'release');
    else this.#promote(key, outcome === Outcome.delivered ? this.#unlike(key, message, waiting) : waiting);
    this.#completeWhenEmpty();
  }

  /** Remembers a delivered message, filters those that are the same, and gives the others. */
  #unlike(key: string, { timestamp }: Message, waiting: readonly Message[]): Message[] {
    this.#remember(key, timestamp);
    this.#endAll(
      waiting.filter((message) => this.#isKnown(key, message)),
      'filter',
    );
    return waiting.filter((message) => !this.#isKnown(key, message));
  }

  /** The first of the waiting messages goes on, and the others wait for it. */
  #promote(key: string, waiting: Message[]): void {
    const next = waiting.shift();
    if (next === undefined || this.#lane === undefined) return;
    this.#held--;
    this.#options.node.inFlight--;
    const messages = [this.#pass(key, next, waiting)];
    this.#emit({ lane: this.#lane, messages, warmUp: false });
  }

  #endAll(messages: readonly Message[], how: 'filter' | 'release'): void {
    for (const message of messages) {
      this.#held--;
      this.#options.node.inFlight--;
      this.#options.node[how](message);
    }
  }

  #remember(key: string, timestamp: number): void {
    this.#delivered.use(key, timestamp);
    if (this.#delivered.size <= this.#options.maxKeys) return;
    this.#delivered.removeOldest();
    this.#options.node.count('evicted');
  }

  /** One batch after the other: a message may end, and its twin go on, while its batch is still on its way. */
  #emit(batch: Batch): void {
    this.#output.push(batch);
    if (this.#emitting) return;
    this.#emitting = true;
    for (let next = this.#output.shift(); next; next = this.#output.shift()) this.#options.subscriber.next(next);
    this.#emitting = false;
    this.#completeWhenEmpty();
  }

  #completeWhenEmpty(): void {
    if (this.#inputEnded && this.#held === 0 && !this.#emitting) this.#options.subscriber.complete();
  }

  #follow(lane: LaneContext): void {
    if (this.#lane !== undefined) return;
    this.#lane = lane;
    this.#letGo = onAbort(lane.signal, () => this.release());
  }
}
