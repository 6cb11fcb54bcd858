import { Observable, type OperatorFunction } from 'rxjs';
import { type Clock, linkedAbort } from '../../kit/clock.ts';
import type { Batch } from '../../kit/message.ts';
import type { NodeStats } from '../../kit/node-stats.ts';
import { Track } from '../../kit/track.ts';

/** Batches that may wait in a best-effort branch's queue. */
const queueLength = 16;
/** How long a lane that has ended waits for the branch's queue, ms. */
const graceMs = 1000;

/**
 * Detaches a branch: its messages settle nothing, and it has a bounded queue of its own whose oldest batch is dropped
 * (counted as `dropped`) when the branch can't keep up. It never delays the other branches and needs bounded memory; at
 * the lane's end it has one second to finish.
 */
export function bestEffort(node: NodeStats, clock: Clock): OperatorFunction<Batch, Batch> {
  return (batches) =>
    new Observable((subscriber) => {
      const waiting: Batch[] = [];
      let life: ReturnType<typeof linkedAbort> | undefined;
      let busy = false;
      let ended = false;
      let cancelGrace = () => {};

      const next = () => {
        const batch = waiting.shift();
        busy = batch !== undefined;
        if (batch) subscriber.next(loosened(batch, next));
        else if (ended) subscriber.complete();
      };
      const drop = (batch: Batch | undefined) => node.count('dropped', batch?.messages.length);
      const giveUp = () => {
        for (const batch of waiting.splice(0)) drop(batch);
        life?.controller.abort();
      };
      subscriber.add(() => {
        cancelGrace();
        life?.release();
      });
      return batches.subscribe({
        next: (batch) => {
          if (batch.warmUp) return subscriber.next(batch);
          if (batch.messages.length === 0) return;
          life ??= linkedAbort(batch.lane.signal);
          waiting.push({ ...batch, lane: { ...batch.lane, signal: life.controller.signal } });
          if (waiting.length > queueLength) drop(waiting.shift());
          if (!busy) next();
        },
        error: (error) => subscriber.error(error),
        complete: () => {
          ended = true;
          if (busy) cancelGrace = clock.timer(graceMs, giveUp);
          else subscriber.complete();
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
    messages: batch.messages.map((message) => ({ ...message, track: new Track(owner, message.track) })),
  };
}
