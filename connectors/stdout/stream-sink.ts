import type { Writable } from 'node:stream';
import { errorText, FdpError } from '../../src/errors.ts';
import { unlessAborted } from '../../src/kit/clock.ts';
import type { Environment } from '../../src/kit/environment.ts';
import { linesOf } from '../../src/kit/json.ts';
import type { Message } from '../../src/kit/message.ts';
import type { Receipt, Sink } from '../../src/kit/sink.ts';

/**
 * Writes every message's value as a line of JSON, in order. A write resolves when the stream has flushed it, so a
 * slow reader slows the topology down, and at most one batch is buffered. The stream itself stays open.
 */
export class StreamSink implements Sink {
  readonly ordered = true;
  readonly #environment: Environment;
  readonly #name: string;
  readonly #stream: Writable;

  constructor(environment: Environment, { name, stream }: { readonly name: string; readonly stream: Writable }) {
    this.#environment = environment;
    this.#name = name;
    this.#stream = stream;
  }

  async connect(): Promise<void> {
    // The error is reported by the write itself; without a listener the event would end the process.
    this.#stream.off('error', ignore).on('error', ignore);
  }

  /** @throws FDP_CLOSED, fatal, when the reader has closed the stream */
  async write(messages: readonly Message[], signal: AbortSignal): Promise<Receipt> {
    const { text, failed } = linesOf(messages, this.#name);
    const written = new Promise<void>((resolve, reject) => {
      this.#stream.write(text, (error) => (error ? reject(this.#failure(error)) : resolve()));
    });
    await this.#environment.clock.outside(unlessAborted(signal, written, () => this.#givenUp()));
    return failed.size > 0 ? { failed } : {};
  }

  async close(): Promise<void> {}

  #givenUp(): FdpError {
    return new FdpError('FDP_CLOSED', `${this.#name}: nobody has taken the lines in time`);
  }

  #failure(cause: NodeJS.ErrnoException): FdpError {
    if (cause.code === 'ENOSPC')
      return new FdpError('FDP_DISK_FULL', `${this.#name}: no space left for the output: free some space`, { cause });
    const isGone = cause.code === 'EPIPE' || cause.code === 'ERR_STREAM_DESTROYED';
    const text = isGone
      ? 'the reader of the output has closed it'
      : `the output cannot be written: ${errorText(cause)}`;
    return new FdpError('FDP_CLOSED', `${this.#name}: ${text}`, { fault: 'fatal', cause });
  }
}

function ignore(): void {}
