import { Observable, type OperatorFunction, type Subscriber } from 'rxjs';
import { onAbort } from './clock.ts';
import type { Batch, LaneContext, Message } from './message.ts';
import type { OperatorContext } from './operator.ts';
import { type Outcome, Track } from './track.ts';

/**
 * What an operator does with the messages of one lane. A message that `take` neither passes on nor
 * holds is filtered; an error that it throws rejects that one message.
 */
export interface Holder {
  /** Called with each message in order, one at a time; warm-up messages pass by. */
  take(message: Message): void;
  /**
   * Called at the end of the input: the last chance to pass on what would otherwise wait for more.
   */
  inputEnded?(): void;
}

/**
 * What a holder works with; calls apply to messages that it has taken and not yet passed on or
 * ended.
 */
export interface Keeper {
  /** Keeps a message back: it stays in flight, and its batch keeps the permits of its lane. */
  hold(message: Message): void;
  /** Passes a message on; `ended` is called once, when everything that became of it has ended. */
  pass(message: Message, ended?: (outcome: Outcome) => void): void;
  /** Passes on one message in place of several, which all end as it does. */
  passFor(messages: readonly Message[], made: Message): void;
  filter(message: Message): void;
  /** Gives a message back: it will be read again. */
  release(message: Message): void;
  /** Rejects a message: `thrown` says why. */
  reject(message: Message, thrown: unknown): void;
  /** Calls `fn` after `ms`, unless the lane is over by then; the returned function cancels it. */
  after(ms: number, fn: () => void): () => void;
}

/**
 * For operators that keep messages back or emit later. `create` is called for each lane and
 * subscription, so that no state is shared. Messages passed on while a batch is taken replace it;
 * messages passed on later form a batch of their own. When the lane is revoked or unsubscribed,
 * held messages are released; from then on messages pass by. Completes when the input has ended and
 * nothing is held.
 */
export function holding(context: OperatorContext, create: (keeper: Keeper) => Holder): OperatorFunction<Batch, Batch> {
  return (batches) =>
    new Observable((subscriber) => {
      const lane = new HeldLane(context, subscriber, create);
      subscriber.add(() => lane.end());
      subscriber.add(
        batches.subscribe({
          next: (batch) => lane.take(batch),
          error: (error) => subscriber.error(error),
          complete: () => lane.inputEnded(),
        }),
      );
    });
}

/**
 * The messages of one lane that an operator has and has not passed on, and the order in which it
 * emits.
 */
class HeldLane implements Keeper {
  readonly #context: OperatorContext;
  readonly #subscriber: Subscriber<Batch>;
  readonly #holder: Holder;
  readonly #held = new Set<Message>();
  readonly #timers = new Set<() => void>();
  readonly #output: Batch[] = [];
  #lane: LaneContext | undefined;
  #letGo = () => {};
  /** The message that is being taken, until it has left or is held. */
  #taken: Message | undefined;
  /** The messages passed on in this turn; undefined between turns. */
  #passed: Message[] | undefined;
  #isEmitting = false;
  #inputEnded = false;
  #isOver = false;

  constructor(context: OperatorContext, subscriber: Subscriber<Batch>, create: (keeper: Keeper) => Holder) {
    this.#context = context;
    this.#subscriber = subscriber;
    this.#holder = create(this);
  }

  take(batch: Batch): void {
    this.#follow(batch.lane);
    if (batch.warmUp) this.#emit(batch);
    else this.#turn(() => this.#takeAll(batch.messages), true);
  }

  inputEnded(): void {
    this.#inputEnded = true;
    if (!this.#isOver) this.#turn(() => this.#holder.inputEnded?.());
    this.#completeWhenEmpty();
  }

  /** The lane or the subscription has ended: held messages will be read again. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#letGo();
    for (const cancel of this.#timers) cancel();
    for (const message of [...this.#held]) this.release(message);
    this.#completeWhenEmpty();
  }

  hold(message: Message): void {
    if (this.#taken !== message) return;
    this.#taken = undefined;
    this.#held.add(message);
    this.#context.node.inFlight++;
  }

  pass(message: Message, ended?: (outcome: Outcome) => void): void {
    if (this.#leaves(message)) this.#goOn(ended ? { ...message, track: this.#followed(message, ended) } : message);
  }

  passFor(messages: readonly Message[], made: Message): void {
    const leaving = messages.filter((message) => this.#leaves(message));
    const [first] = leaving;
    if (first === undefined) return;
    this.#context.node.filtered += leaving.length - 1;
    const ended = (outcome: Outcome) => {
      for (const { track } of leaving) track.end(outcome);
    };
    this.#goOn({ ...made, track: new Track({ ended }, first.track) });
  }

  filter(message: Message): void {
    if (this.#leaves(message)) this.#context.outcomes.filter(message);
  }

  release(message: Message): void {
    if (this.#leaves(message)) this.#context.outcomes.release(message);
  }

  reject(message: Message, thrown: unknown): void {
    if (!this.#leaves(message) || this.#lane === undefined) return;
    if (this.#lane.signal.aborted) this.#context.outcomes.release(message);
    else this.#context.outcomes.reject(this.#lane, message, thrown);
  }

  after(ms: number, fn: () => void): () => void {
    const cancel = this.#context.clock.timer(ms, () => {
      this.#timers.delete(cancel);
      if (!this.#isOver) this.#turn(fn);
      this.#completeWhenEmpty();
    });
    this.#timers.add(cancel);
    return () => {
      this.#timers.delete(cancel);
      cancel();
    };
  }

  #takeAll(messages: readonly Message[]): void {
    for (const message of messages) {
      this.#context.node.in++;
      this.#taken = message;
      try {
        if (this.#isOver) this.pass(message);
        else this.#holder.take(message);
        if (this.#taken === message) this.filter(message);
      } catch (error) {
        this.reject(message, error);
      }
    }
  }

  /** True when the message is here, and now leaves. */
  #leaves(message: Message): boolean {
    if (this.#taken === message) {
      this.#taken = undefined;
      return true;
    }
    if (!this.#held.delete(message)) return false;
    this.#context.node.inFlight--;
    return true;
  }

  #goOn(message: Message): void {
    this.#context.node.out++;
    if (this.#passed) this.#passed.push(message);
    else this.#turn(() => this.#passed?.push(message));
  }

  #followed(message: Message, onOutcome: (outcome: Outcome) => void): Track {
    const ended = (outcome: Outcome) => {
      message.track.end(outcome);
      if (this.#isOver) return;
      this.#turn(() => onOutcome(outcome));
      this.#completeWhenEmpty();
    };
    return new Track({ ended }, message.track);
  }

  /**
   * Runs `work`, and emits the messages that it passes on as one batch; an empty one only if
   * `always`.
   */
  #turn(work: () => void, always = false): void {
    if (this.#passed) {
      work();
      return;
    }
    const messages: Message[] = [];
    this.#passed = messages;
    try {
      work();
    } catch (error) {
      this.#subscriber.error(error);
    }
    this.#passed = undefined;
    if (this.#lane && (always || messages.length > 0)) this.#emit({ lane: this.#lane, messages, warmUp: false });
  }

  /**
   * One batch after the other: a message may end, and another go on, while its batch is still on
   * its way.
   */
  #emit(batch: Batch): void {
    this.#output.push(batch);
    if (this.#isEmitting) return;
    this.#isEmitting = true;
    for (let next = this.#output.shift(); next; next = this.#output.shift()) this.#subscriber.next(next);
    this.#isEmitting = false;
    this.#completeWhenEmpty();
  }

  #completeWhenEmpty(): void {
    if (this.#inputEnded && this.#held.size === 0 && !this.#isEmitting) this.#subscriber.complete();
  }

  #follow(lane: LaneContext): void {
    if (this.#lane !== undefined) return;
    this.#lane = lane;
    this.#letGo = onAbort(lane.signal, () => this.end());
  }
}
