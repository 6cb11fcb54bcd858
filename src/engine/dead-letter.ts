import { type FdpError, messageOf as textOf } from '../errors.ts';
import { Backoff } from './backoff.ts';
import type { Environment, Sink } from './component.ts';
import type { Message, SourceMessage } from './message.ts';
import type { Node } from './node.ts';
import { looseTrack, Outcome } from './track.ts';

const batchSize = 100;
/** A letter that is larger than its target takes keeps this much of the message. */
const cutBytes = 64 * 1024;

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
    readonly key: string | null;
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

/**
 * Writes rejected messages to a sink, in order, without end until it succeeds: while it can't, their source messages
 * stay unsettled, so that the permits hold the topology and nothing is lost.
 */
export class DeadLetters {
  readonly #sink: Sink;
  readonly #node: Node;
  readonly #environment: Environment;
  readonly #killed: AbortSignal;
  #queue: { readonly letter: Message; readonly rejected: Message }[] = [];
  #pumping: Promise<void> | undefined;

  constructor(parts: { sink: Sink; node: Node; environment: Environment; killed: AbortSignal }) {
    this.#sink = parts.sink;
    this.#node = parts.node;
    this.#environment = parts.environment;
    this.#killed = parts.killed;
  }

  /** Takes a rejected message; its track ends once its letter is durable. */
  submit(topology: string, refusedBy: Node, rejected: Message, error: FdpError): void {
    const at = this.#environment.clock.now();
    const letter = deadLetterOf({ topology, refusedBy, rejected, error, at }, this.#sink.maxMessageBytes);
    const record: SourceMessage = {
      key: rejected.track.record.key,
      value: letter,
      timestamp: at,
      meta: { lane: 'dead_letter' },
    };
    this.#queue.push({ letter: { ...record, track: looseTrack(record) }, rejected });
    this.#node.in++;
    this.#node.inFlight++;
    this.#pumping ??= this.#pump();
  }

  /** Resolves when every letter is written or released. */
  async idle(): Promise<void> {
    await this.#pumping;
  }

  async #pump(): Promise<void> {
    const backoff = new Backoff(this.#environment);
    // Rejections of one batch arrive in one turn: gather them.
    await this.#environment.clock.turn();
    while (this.#queue.length > 0 && !this.#killed.aborted) {
      const batch = this.#queue.slice(0, batchSize);
      try {
        const receipt = await this.#sink.write(
          batch.map(({ letter }) => letter),
          this.#killed,
        );
        const [failed] = receipt.failed?.values() ?? [];
        if (failed) throw failed;
        this.#queue = this.#queue.slice(batch.length);
        this.#node.inFlight -= batch.length;
        this.#node.out += batch.length;
        for (const { rejected } of batch) rejected.track.end(Outcome.rejected);
        this.#node.is('ok');
        backoff.reset();
      } catch (error) {
        this.#node.retries++;
        this.#node.is('retrying', `the dead letter can't be written: ${textOf(error)}`);
        await backoff.wait(this.#killed);
      }
    }
    this.#pumping = undefined;
    if (this.#killed.aborted) this.#release();
  }

  #release(): void {
    const left = this.#queue;
    this.#queue = [];
    this.#node.inFlight -= left.length;
    this.#node.released += left.length;
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

/** @param maxBytes the largest message that the target takes */
export function deadLetterOf(rejection: Rejection, maxBytes = Number.POSITIVE_INFINITY): DeadLetter {
  const { topology, refusedBy, rejected, error, at } = rejection;
  const { record } = rejected.track;
  const { lane, topic, partition, offset } = record.meta;
  const { index } = rejected.meta;
  const bytes = bytesOf(record);
  const letter = {
    code: error.code,
    reason: error.message,
    topology,
    node: refusedBy.name,
    ...(refusedBy.branch === undefined ? {} : { sink: refusedBy.branch }),
    origin: {
      lane,
      ...(topic === undefined ? {} : { topic }),
      ...(partition === undefined ? {} : { partition }),
      ...(offset === undefined ? {} : { offset }),
      ...(index === undefined ? {} : { index }),
      key: record.key,
      timestamp: record.timestamp,
    },
    ...encoded(bytes),
    bytes: bytes.length,
    rejected_at: at,
  };
  return Buffer.byteLength(JSON.stringify(letter)) <= maxBytes
    ? letter
    : { ...letter, value: bytes.subarray(0, cutBytes).toString('base64'), encoding: 'base64' };
}

function bytesOf({ raw, value }: SourceMessage): Buffer {
  if (raw === undefined) return Buffer.from(JSON.stringify(value) ?? 'null');
  return typeof raw === 'string' ? Buffer.from(raw) : Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
}

/** Text stays readable; anything that is not UTF-8 is kept exactly. */
function encoded(bytes: Buffer): Pick<DeadLetter, 'value' | 'encoding'> {
  const text = bytes.toString('utf8');
  return Buffer.from(text).equals(bytes)
    ? { value: text, encoding: 'utf8' }
    : { value: bytes.toString('base64'), encoding: 'base64' };
}
