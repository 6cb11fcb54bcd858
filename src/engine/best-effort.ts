import { Observable, type OperatorFunction } from 'rxjs';
import type { Batch } from './message.ts';
import type { Node } from './node.ts';
import { Track } from './track.ts';

/** Batches that a best-effort branch may be behind. */
const queueLength = 16;

/**
 * Cuts a branch loose: its messages settle nothing, and it has a bounded queue of its own whose oldest batch is dropped
 * (counted as `dropped`) when the branch can't keep up. So it never delays the rest, nor makes it grow.
 */
export function bestEffort(node: Node): OperatorFunction<Batch, Batch> {
  return (batches) =>
    new Observable((subscriber) => {
      const waiting: Batch[] = [];
      let busy = false;
      let ended = false;

      const next = () => {
        const batch = waiting.shift();
        busy = batch !== undefined;
        if (batch) subscriber.next(loosened(batch, next));
        else if (ended) subscriber.complete();
      };
      return batches.subscribe({
        next: (batch) => {
          if (batch.warmUp) return subscriber.next(batch);
          if (batch.messages.length === 0) return;
          waiting.push(batch);
          if (waiting.length > queueLength) node.count('dropped', waiting.shift()?.messages.length);
          if (!busy) next();
        },
        error: (error) => subscriber.error(error),
        complete: () => {
          ended = true;
          node.count(
            'dropped',
            waiting.splice(0).reduce((sum, batch) => sum + batch.messages.length, 0),
          );
          if (!busy) subscriber.complete();
        },
      });
    });
}

/** The same messages with tracks of their own; `done` is called when all of them have ended. */
function loosened(batch: Batch, done: () => void): Batch {
  let open = batch.messages.length;
  const owner = {
    ended: () => {
      if (--open === 0) done();
    },
  };
  return {
    ...batch,
    messages: batch.messages.map((message) => ({ ...message, track: new Track(owner, message.track.record) })),
  };
}
