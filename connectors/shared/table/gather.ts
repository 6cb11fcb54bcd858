import { Observable, type OperatorFunction } from 'rxjs';
import type { Clock } from '../../../src/kit/clock.ts';
import type { Batch, Message } from '../../../src/kit/message.ts';

/** Messages of a lane that wait for a write, at most; each may change a row of its own. */
const laneMessages = 8192;
/** After this nothing is added to what waits, ms. */
const longestMs = 1000;
/** What all that is absorbed takes in memory, over all lanes, at most, bytes. */
const mostBytes = 32 * 2 ** 20;
/** What an absorbed message takes beside its bytes, roughly. */
const ownBytes = 512;

/**
 * Gathers what is to be written: one write of a lane is under way; whatever arrives meanwhile waits, and is one write
 * when that one is durable. There is no timer: a quiet lane writes at once, a busy one gathers for as long as its
 * store needs.
 *
 * What waits is absorbed within bounds of messages, bytes and time; beyond them it holds its permits, so that its lane is
 * not read. A lane of which nothing waits may always absorb a batch: none depends on the others.
 */
export class Gather {
  /** Of what is absorbed, until it is durable. */
  #bytes = 0;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param write ends every message of a batch; never rejects */
  lane(write: (batch: Batch) => Promise<Batch>): OperatorFunction<Batch, Batch> {
    return (batches) =>
      new Observable((subscriber) => {
        const waiting: Batch[] = [];
        let absorbed: Message[] = [];
        let since = 0;
        let isWriting = false;
        let hasEnded = false;

        const absorb = () => {
          for (let [batch] = waiting; batch && this.#hasRoom(absorbed, since, batch); [batch] = waiting) {
            if (absorbed.length === 0) since = this.#clock.monotonic();
            for (const message of batch.messages) {
              message.track.absorb();
              absorbed.push(message);
            }
            this.#bytes += bytesOf(batch.messages);
            waiting.shift();
          }
        };
        const writeAll = async ({ lane }: Batch) => {
          isWriting = true;
          while (absorbed.length > 0) {
            const messages = absorbed;
            const bytes = bytesOf(messages);
            absorbed = [];
            subscriber.next(await write({ lane, messages, warmUp: false }));
            this.#bytes -= bytes;
            absorb();
          }
          isWriting = false;
          if (hasEnded) subscriber.complete();
        };
        return batches.subscribe({
          next: (batch) => {
            if (batch.warmUp || batch.messages.length === 0) return subscriber.next({ ...batch, messages: [] });
            waiting.push(batch);
            absorb();
            if (!isWriting) void writeAll(batch);
          },
          error: (error) => subscriber.error(error),
          complete: () => {
            hasEnded = true;
            if (!isWriting) subscriber.complete();
          },
        });
      });
  }

  #hasRoom(absorbed: readonly Message[], since: number, { messages }: Batch): boolean {
    if (absorbed.length === 0) return true;
    if (absorbed.length + messages.length > laneMessages) return false;
    if (this.#clock.monotonic() - since >= longestMs) return false;
    return this.#bytes + bytesOf(messages) <= mostBytes;
  }
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
