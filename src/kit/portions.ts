import { concatMap, from, type OperatorFunction } from 'rxjs';
import type { Batch, Message } from './message.ts';
import { type OperatorContext, within } from './operator.ts';

/** The next messages made of one; none at the end. */
export type NextPortion = (signal: AbortSignal) => Promise<readonly Message[]>;

/**
 * Makes many messages of each one, a batch per portion, each within `timeoutMs`. The next portion is asked for when the client of
 * the request has taken the one before; without any message there is one empty batch. What fails rejects the message.
 */
export function portions(
  context: OperatorContext,
  begin: (message: Message) => NextPortion,
  options: { readonly timeoutMs: number },
): OperatorFunction<Batch, Batch> {
  return concatMap((batch) => from(portionsOf(context, batch, { begin, ...options })));
}

interface Portions {
  readonly begin: (message: Message) => NextPortion;
  readonly timeoutMs: number;
}

async function* portionsOf(context: OperatorContext, batch: Batch, parts: Portions): AsyncGenerator<Batch> {
  const { node, outcomes } = context;
  const { lane } = batch;
  for (const message of batch.messages) {
    node.in++;
    node.inFlight++;
    let end = () => outcomes.release(message);
    try {
      yield* portionsOfOne(context, batch, { message, ...parts });
      if (!lane.signal.aborted) end = () => outcomes.filter(message);
    } catch (error) {
      if (!lane.signal.aborted) end = () => outcomes.reject(lane, message, error);
    } finally {
      node.inFlight--;
      end();
    }
  }
}

async function* portionsOfOne(
  context: OperatorContext,
  batch: Batch,
  { message, begin, timeoutMs }: Portions & { readonly message: Message },
): AsyncGenerator<Batch> {
  const { node } = context;
  const { lane } = batch;
  const next = begin(message);
  for (let isFirst = true; ; isFirst = false) {
    const made = await within(context, batch, timeoutMs, next);
    if (!Array.isArray(made)) throw made;
    const messages = made as readonly Message[];
    if (messages.length === 0 && !isFirst) return;
    message.track.fork(messages.length);
    node.made += messages.length;
    node.out += messages.length;
    yield { lane, messages, warmUp: false };
    if (messages.length === 0 || !((await lane.request?.file?.wantsMore()) ?? true)) return;
  }
}
