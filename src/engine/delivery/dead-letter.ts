import { errorText, FdpError } from '../../errors.ts';
import { Backoff } from '../../kit/backoff.ts';
import { withGrace } from '../../kit/clock.ts';
import { letterOf, type Rejection } from '../../kit/dead-letter.ts';
import type { Message } from '../../kit/message.ts';
import type { Receipt } from '../../kit/sink.ts';
import { Outcome } from '../../kit/track.ts';
import { type AttemptParts, abandonMs, attemptWrite } from './attempt.ts';

const batchSize = 100;

interface DeadLetterParts extends AttemptParts {
  /** Aborts when letters that are not written yet are to be released. */
  readonly killed: AbortSignal;
  /** Aborts when a stop begins: waits between attempts are short from then on. */
  readonly draining: AbortSignal;
}

interface Waiting extends Rejection {
  letter?: Message;
}

/**
 * Writes rejected messages to a sink, in order, and repeats until it succeeds: until then their source messages
 * stay unsettled, so that the permits hold the topology and nothing is lost.
 */
export class DeadLetters {
  readonly #parts: DeadLetterParts;
  #queue: Waiting[] = [];
  #pumping: Promise<void> | undefined;

  constructor(parts: DeadLetterParts) {
    this.#parts = parts;
  }

  /** Takes a rejected message; its track ends once its letter is durable. */
  submit(rejection: Omit<Rejection, 'at'>): void {
    const { environment, node } = this.#parts;
    this.#queue.push({ ...rejection, at: environment.clock.now() });
    node.in++;
    node.inFlight++;
    this.#pumping ??= this.#pump();
  }

  /** Resolves when every letter is written or released. */
  async idle(): Promise<void> {
    await this.#pumping;
  }

  async #pump(): Promise<void> {
    const { environment, node, killed, draining } = this.#parts;
    const backoff = new Backoff(environment);
    // Rejections of one batch arrive in one turn: gather them.
    await environment.clock.turn();
    while (this.#queue.length > 0 && !killed.aborted) {
      const batch = this.#queue.slice(0, batchSize);
      try {
        const late = () => new FdpError('FDP_CLOSED', `${node.name}: stopped while reading what a letter needs`);
        const letters = await withGrace(environment.clock, this.#lettersOf(batch), {
          signal: killed,
          graceMs: abandonMs,
          late,
        });
        this.#confirm(batch, await attemptWrite(this.#parts, letters, [killed]));
        node.is('ok');
        backoff.reset();
      } catch (error) {
        if (killed.aborted) break;
        node.retries++;
        node.is('retrying', `the dead letter cannot be written: ${errorText(error)}`);
        await backoff.wait(killed, { hurry: draining });
      }
    }
    this.#pumping = undefined;
    if (killed.aborted) this.#release();
  }

  async #lettersOf(batch: readonly Waiting[]): Promise<Message[]> {
    const { environment, sink } = this.#parts;
    const letters: Message[] = [];
    for (const waiting of batch) {
      waiting.letter ??= await letterOf({ ...waiting, mask: environment.mask }, sink.maxMessageBytes);
      letters.push(waiting.letter);
    }
    return letters;
  }

  /** @throws the first failure, once those that are written have ended */
  #confirm(batch: readonly Waiting[], { failed }: Receipt): void {
    const { node } = this.#parts;
    const written = batch.filter((_waiting, index) => !failed?.has(index));
    const left = batch.filter((_waiting, index) => failed?.has(index));
    this.#queue = [...left, ...this.#queue.slice(batch.length)];
    node.inFlight -= written.length;
    node.out += written.length;
    for (const { rejected } of written) rejected.track.end(Outcome.rejected);
    const [failure] = failed?.values() ?? [];
    if (failure) throw failure;
  }

  #release(): void {
    const { node } = this.#parts;
    const left = this.#queue;
    this.#queue = [];
    node.inFlight -= left.length;
    node.released += left.length;
    for (const { rejected } of left) rejected.track.end(Outcome.released);
  }
}
