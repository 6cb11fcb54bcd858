import { concatMap, defer, map, type OperatorFunction } from 'rxjs';
import { FdpError } from '../errors.ts';
import { linkedAbort, onAbort } from './clock.ts';
import type { Environment } from './environment.ts';
import type { FunctionDeclaration } from './function.ts';
import { KeyLanes } from './key-lanes.ts';
import type { Lookup } from './lookup.ts';
import type { Batch, Message } from './message.ts';
import type { NodeStats } from './node-stats.ts';
import type { Meta } from './origin.ts';
import type { Outcomes } from './outcomes.ts';
import { RecencyMap } from './recency-map.ts';

/**
 * What an operator is created with. Decide by the message (its `timestamp`, a field), not by
 * `clock`, which is for waiting: only then does a message that is read again give the same result.
 */
export interface OperatorContext extends Environment {
  readonly node: NodeStats;
  /** Ends messages that are not passed on; used by the helpers. */
  readonly outcomes: Outcomes;
  /** The lookup role of a connector that the operator names in its options. */
  lookup(connector: string): Pick<Lookup, 'find'>;
  /**
   * What expressions can call beside the functions of CEL and of fdp; left out where no plugin adds
   * any.
   */
  readonly functions?: readonly FunctionDeclaration[];
}

// The helpers that operators are made with. They do the accounting: whatever the function returns
// is counted as made, passed on or filtered, and whatever it throws rejects that one message and no
// other. Throw an `FdpError` with FDP_MESSAGE_INVALID: its text is the reason in the dead letter.

/** One message in, one message out. */
export function perMessage(
  context: OperatorContext,
  fn: (message: Message, batch: Batch) => Message,
): OperatorFunction<Batch, Batch> {
  return map((batch) => each(context, batch, (message, out) => void out.push(fn(message, batch))));
}

/** One message in, any number out; none means filtered. */
export function flatMap(
  context: OperatorContext,
  fn: (message: Message) => readonly Message[],
): OperatorFunction<Batch, Batch> {
  return map((batch) => each(context, batch, (message, out) => pushAll(out, fn(message))));
}

/** Lets a message pass or not. */
export function filter(context: OperatorContext, fn: (message: Message) => boolean): OperatorFunction<Batch, Batch> {
  return map((batch) =>
    each(context, batch, (message, out) => {
      const passes: unknown = fn(message);
      if (passes instanceof Promise) throw notAsync();
      if (passes) out.push(message);
    }),
  );
}

export interface ScanOptions<S> {
  /** The state of a key that was not seen before. */
  seed(): S;
  /** Changes the state in place and gives what goes on. */
  step(state: S, message: Message): readonly Message[];
  /** Which state a message belongs to. */
  key(message: Message): string;
  /**
   * Keys remembered per lane; beyond that, the least recently used is forgotten and counted as
   * `evicted`.
   */
  readonly maxKeys: number;
}

/**
 * Keyed state: made per lane and subscription, bounded, dropped with the lane. Changes that `step`
 * made before it threw are kept. The operator declares the figures that this counts: `evicted` and
 * `split_keys` of `figures`.
 */
export function scan<S>(context: OperatorContext, options: ScanOptions<S>): OperatorFunction<Batch, Batch> {
  const lanes = new KeyLanes(context);
  return (batches) =>
    defer(() => {
      const states = new RecencyMap<S>();
      const stateOf = (key: string, meta: Meta): S => {
        const known = states.get(key);
        if (known === undefined) lanes.see(key, meta);
        const state = known ?? options.seed();
        states.use(key, state);
        if (states.size > options.maxKeys) {
          states.removeOldest();
          context.node.count('evicted');
        }
        return state;
      };
      return flatMap(context, (message) => options.step(stateOf(options.key(message), message.meta), message))(batches);
    });
}

/**
 * The one asynchronous helper: queries a store for each message, one after the other, each within
 * `timeoutMs`.
 */
export function lookup(
  context: OperatorContext,
  fn: (message: Message, batch: Batch, signal: AbortSignal) => Promise<readonly Message[]>,
  options: { readonly timeoutMs: number },
): OperatorFunction<Batch, Batch> {
  return concatMap(async (batch) => {
    const found = new Map<Message, unknown>();
    const waiting = batch.warmUp ? 0 : batch.messages.length;
    context.node.in += waiting;
    context.node.inFlight += waiting;
    for (const message of batch.messages) {
      const outcome = await within(context, batch, options.timeoutMs, async (signal) =>
        listed(await fn(message, batch, signal)),
      );
      found.set(message, outcome);
    }
    // `each` counts them in again, in the same turn.
    context.node.in -= waiting;
    context.node.inFlight -= waiting;
    return each(context, batch, (message, out) => {
      const outcome = found.get(message);
      if (!Array.isArray(outcome)) throw outcome;
      pushAll(out, outcome as readonly Message[]);
    });
  });
}

/** Handles a whole batch, as `reply` does for a request; the messages pass unchanged. */
export function perBatch(context: OperatorContext, fn: (batch: Batch) => void): OperatorFunction<Batch, Batch> {
  return map((batch) => {
    fn(batch);
    return each(context, batch, (message, out) => void out.push(message));
  });
}

/** A spread call would overflow the stack with some 100 000 messages. */
function pushAll(out: Message[], more: readonly Message[]): void {
  for (const message of listed(more)) out.push(message);
}

/** In JavaScript no compiler has checked what is given. */
function listed(more: readonly Message[]): readonly Message[] {
  if (Array.isArray(more)) return more;
  throw more instanceof Promise ? notAsync() : noMessages();
}

/** Nor has it that these are messages; and one that was kept has ended already. */
function checkMade(parent: Message, out: readonly Message[], from: number): void {
  for (let index = from; index < out.length; index++) {
    const made = out[index] as Message | undefined;
    if (made?.track !== parent.track) throw made instanceof Promise ? notAsync() : noMessages();
  }
}

function noMessages(): FdpError {
  return new FdpError(
    'FDP_MESSAGE_INVALID',
    'gave something else than messages made of this one, with derive(message, { value })',
  );
}

function notAsync(): FdpError {
  return new FdpError('FDP_MESSAGE_INVALID', 'gave a promise: only the function of `lookup` may be async');
}

function each(context: OperatorContext, batch: Batch, fn: (message: Message, out: Message[]) => void): Batch {
  const { node } = context;
  const { messages, warmUp } = batch;
  const out: Message[] = [];
  if (!warmUp) node.in += messages.length;
  for (const message of messages) {
    const before = out.length;
    try {
      fn(message, out);
      if (out[before] !== message || out.length > before + 1) checkMade(message, out, before);
    } catch (error) {
      out.length = before;
      if (!warmUp) end(context, batch, message, error);
      continue;
    }
    const { onlyIndex } = message.track;
    if (onlyIndex !== undefined) keepOnly(onlyIndex, message, out, before);
    const children = out.length - before;
    if (children !== 1 && !warmUp) account(context, message, children);
  }
  if (!warmUp) node.out += out.length;
  return { lane: batch.lane, messages: out, warmUp };
}

/** Ends a message for which the function has thrown. */
function end({ outcomes }: OperatorContext, { lane }: Batch, message: Message, error: unknown): void {
  if (lane.signal.aborted) outcomes.release(message);
  else outcomes.reject(lane, message, error);
}

/** Counts a message that became none, or several. */
function account({ node, outcomes }: OperatorContext, message: Message, children: number): void {
  if (children === 0) outcomes.filter(message);
  else {
    node.made += children - 1;
    message.track.fork(children - 1);
  }
}

/** Takes back the children that a replay does not want: a message's own index stays as it is. */
function keepOnly(index: number, parent: Message, out: Message[], from: number): void {
  const wanted = out.slice(from).filter(({ meta }) => meta.index === parent.meta.index || meta.index === index);
  out.splice(from, out.length, ...wanted);
}

/**
 * The result of `work`, or the error that ended it: a thrown one, or FDP_TIMEOUT. Never rejects.
 */
export function within<T>(
  context: OperatorContext,
  batch: Batch,
  timeoutMs: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T | unknown> {
  const { signal } = batch.lane;
  const { controller, release } = linkedAbort(signal);
  const late = () => new FdpError('FDP_TIMEOUT', `${context.node.name}: no response within ${timeoutMs} ms`);
  if (signal.aborted) return Promise.resolve(late());
  return new Promise((resolve) => {
    const end = (outcome: unknown) => {
      cancel();
      release();
      resolve(outcome);
    };
    onAbort(controller.signal, () => end(late()));
    const cancel = context.clock.timer(timeoutMs, () => controller.abort());
    work(controller.signal).then(end, (error) => {
      end(error);
      controller.abort(); // Whoever works on it still does so for nobody.
    });
  });
}
