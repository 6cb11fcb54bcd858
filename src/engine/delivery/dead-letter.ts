import { isUtf8 } from 'node:buffer';
import { type FdpError, messageOf as textOf } from '../../errors.ts';
import { Backoff } from '../../kit/backoff.ts';
import type { Message, SourceMessage } from '../../kit/message.ts';
import type { Node } from '../../kit/node.ts';
import type { Receipt } from '../../kit/sink.ts';
import { jsonWithin } from '../../kit/text.ts';
import { looseTrack, Outcome, type Tracked } from '../../kit/track.ts';
import { type AttemptParts, attemptWrite } from './attempt.ts';

const batchSize = 100;
/** A letter that is larger than its target takes keeps this much of the message, or what fits. */
const cutBytes = 64 * 1024;
/** No letter holds more of its message than this, whatever its target takes. */
const mostBytes = 16 * 1024 * 1024;
/** What a letter holds of a longer key, characters: it is the key of the letter too. */
const keyLength = 4096;
/** What is kept of a value that came without bytes, and that has no JSON, characters. */
const outlineLength = 64 * 1024;

/** A message that could not be delivered, as it is written to the dead letter. */
export interface DeadLetter {
  /** The error's code. */
  readonly code: string;
  /** One line. */
  readonly reason: string;
  readonly topology: string;
  /** The operator or sink that refused it. */
  readonly node: string;
  /** The sink whose branch refused it; undefined before the fan-out. The sinks before it have the message. */
  readonly sink?: string;
  /** Where the source read it; `index` is the child's, when one of several was refused. */
  readonly origin: {
    readonly lane: string;
    readonly topic?: string;
    readonly partition?: number;
    readonly offset?: number;
    readonly index?: number;
    /** Its beginning, if it is longer than 4096 characters: `key_length` is then its whole length. */
    readonly key: string | null;
    readonly key_length?: number;
    readonly timestamp: number;
  };
  /** The bytes as the source read them. */
  readonly value: string;
  readonly encoding: 'utf8' | 'base64';
  /** Their number; more than `value` holds when it was cut. */
  readonly bytes: number;
  /** When it was rejected, Unix ms. */
  readonly rejected_at: number;
}

interface DeadLetterParts extends AttemptParts {
  /** Aborts when what is not written is given up. */
  readonly killed: AbortSignal;
  /** Aborts when a stop begins: there is no time for long waits between attempts then. */
  readonly draining: AbortSignal;
}

interface Waiting {
  readonly letter: Message;
  readonly rejected: Message;
}

/**
 * Writes rejected messages to a sink, in order, without end until it succeeds: while it can't, their source messages
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
  submit(topology: string, refusedBy: Node, rejected: Message, error: FdpError): void {
    const { environment, sink, node } = this.#parts;
    const at = environment.clock.now();
    const letter = deadLetterOf({ topology, refusedBy, rejected, error, at }, sink.maxMessageBytes);
    const record: SourceMessage = {
      key: letter.origin.key,
      value: letter,
      timestamp: at,
      meta: { lane: 'dead_letter' },
    };
    this.#queue.push({ letter: { ...record, track: looseTrack(record) }, rejected });
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
        const letters = batch.map(({ letter }) => letter);
        this.#confirm(batch, await attemptWrite(this.#parts, letters, [killed]));
        node.is('ok');
        backoff.reset();
      } catch (error) {
        if (killed.aborted) break;
        node.retries++;
        node.is('retrying', `the dead letter cannot be written: ${textOf(error)}`);
        await backoff.wait(killed, { hurry: draining });
      }
    }
    this.#pumping = undefined;
    if (killed.aborted) this.#release();
  }

  /** @throws the first failure, once those that are written have ended */
  #confirm(batch: readonly Waiting[], { failed }: Receipt): void {
    const { node } = this.#parts;
    const written = batch.filter((_waiting, place) => !failed?.has(place));
    const left = batch.filter((_waiting, place) => failed?.has(place));
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

interface Rejection {
  readonly topology: string;
  readonly refusedBy: Node;
  readonly rejected: Message;
  readonly error: FdpError;
  readonly at: number;
}

/**
 * Never throws, whatever was rejected: what is too large is cut before it is made into text.
 *
 * @param maxBytes the largest message that the target takes
 */
export function deadLetterOf(rejection: Rejection, maxBytes = Number.POSITIVE_INFINITY): DeadLetter {
  const { topology, refusedBy, rejected, error, at } = rejection;
  const { track: record } = rejected;
  const bytes = bytesOf(record);
  const head = {
    code: error.code,
    reason: textOf(error),
    topology,
    node: refusedBy.name,
    ...(refusedBy.branch === undefined ? {} : { sink: refusedBy.branch }),
    origin: originOf(record, rejected.meta.index),
  };
  const tail = { bytes: bytes.length, rejected_at: at };
  const keyBytes = Buffer.byteLength(head.origin.key ?? '');
  const size = (value: object) => keyBytes + Buffer.byteLength(JSON.stringify(value));
  if (bytes.length <= Math.min(maxBytes, mostBytes)) {
    const letter = { ...head, ...encoded(bytes), ...tail };
    if (size(letter) <= maxBytes) return letter;
  }
  const cut = { ...head, value: '', encoding: 'base64' as const, ...tail };
  // Four characters for three bytes.
  const room = Math.max(0, Math.floor((maxBytes - size(cut)) / 4) * 3);
  return { ...cut, value: bytes.subarray(0, Math.min(cutBytes, room)).toString('base64') };
}

function originOf({ meta, key, timestamp }: Tracked, index: number | undefined): DeadLetter['origin'] {
  const { lane, topic, partition, offset } = meta;
  const isLong = key !== null && key.length > keyLength;
  return {
    lane,
    ...(topic === undefined ? {} : { topic }),
    ...(partition === undefined ? {} : { partition }),
    ...(offset === undefined ? {} : { offset }),
    ...(index === undefined ? {} : { index }),
    key: isLong ? key.slice(0, keyLength) : key,
    ...(isLong ? { key_length: key.length } : {}),
    timestamp,
  };
}

function bytesOf({ raw, value }: Tracked): Buffer {
  if (raw === undefined) return Buffer.from(jsonOf(value));
  return typeof raw === 'string' ? Buffer.from(raw) : Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
}

/** A value that an operator or a source made may be anything: of what has no JSON an outline is kept. */
function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'null';
  } catch {
    return jsonWithin(value, outlineLength);
  }
}

/** Text stays readable; anything that is not UTF-8 is kept exactly. */
function encoded(bytes: Buffer): Pick<DeadLetter, 'value' | 'encoding'> {
  return isUtf8(bytes)
    ? { value: bytes.toString('utf8'), encoding: 'utf8' }
    : { value: bytes.toString('base64'), encoding: 'base64' };
}
