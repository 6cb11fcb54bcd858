import type { Request, Response } from 'express';
import { FdpError } from '../../src/errors.ts';
import type { FileDescription, FileReply } from '../../src/kit/request.ts';
import type { RoleContext } from '../../src/kit/role.ts';
import { type RowText, rowText, type TextFormat, textMediaTypes } from '../../src/kit/row-text.ts';
import { attachment, fileName } from './file-name.ts';

/** What is handed to the socket at once, bytes: a client has to take it within `client_timeout`. */
const sliceBytes = 16 * 1024;

/** The files that are being sent. */
export interface Downloads {
  open: number;
  readonly max: number;
}

interface HttpFileParts {
  readonly context: RoleContext;
  readonly request: Request;
  readonly response: Response;
  readonly description: FileDescription;
  readonly clientTimeoutMs: number;
  readonly downloads: Downloads;
  parameters(): Readonly<Record<string, unknown>>;
  /** Takes the place of another reply; false if there is one. */
  begin(): boolean;
  /** Replies with an error. */
  fail(error: FdpError): void;
  /** Ends the work on the request. */
  abort(): void;
}

/**
 * A file as the reply to a request, chunk by chunk: what was added waits here, a portion at most, until the client has read what
 * came before. Counts `slow_clients`; gauge `downloads_open`.
 */
export class HttpFile implements FileReply {
  readonly #parts: HttpFileParts;
  #state: 'new' | 'open' | 'over' = 'new';
  #text: RowText | undefined;
  #waiting: Buffer = Buffer.alloc(0);
  #isComplete = false;
  #cancel: (() => void) | undefined;
  #wake: (() => void) | undefined;

  constructor(parts: HttpFileParts) {
    this.#parts = parts;
  }

  /** Whether the reply has begun and is not over. */
  get isOpen(): boolean {
    return this.#state === 'open';
  }

  add(rows: readonly Readonly<Record<string, unknown>>[]): void {
    const head = this.#state === 'new' ? this.#begin() : '';
    if (!this.#text || this.#state !== 'open') return;
    this.#waiting = Buffer.concat([this.#waiting, Buffer.from(head + this.#text.lines(rows))]);
    this.#send();
  }

  wantsMore(): Promise<boolean> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined;
        resolve(this.#state !== 'over');
      };
      if (this.#state === 'over' || this.#isIdle) this.#wake();
    });
  }

  end(): void {
    if (this.#state !== 'open') return;
    this.#isComplete = true;
    this.#send();
  }

  /** Breaks the connection of a file that was begun: the client must not take it for complete. */
  break(): void {
    if (!this.isOpen) return;
    const { response, abort } = this.#parts;
    this.close();
    // A reset reaches clients that would take the end of the connection for the end of the file.
    response.socket?.resetAndDestroy();
    response.destroy();
    abort();
  }

  /** Nothing more can be sent. True if the file was begun and is not complete. */
  close(): boolean {
    const { context, downloads } = this.#parts;
    const wasOpen = this.isOpen;
    this.#state = 'over';
    this.#waiting = Buffer.alloc(0);
    this.#cancel?.();
    this.#cancel = undefined;
    if (wasOpen) context.node.gauge('downloads_open', --downloads.open);
    this.#wake?.();
    return wasOpen;
  }

  get #isIdle(): boolean {
    return this.#cancel === undefined && this.#waiting.length === 0;
  }

  /** Sends the headers; returns how the file begins. */
  #begin(): string {
    const { context, request, response, description, downloads, abort } = this.#parts;
    const parameters = this.#parts.parameters();
    const format = this.#format(parameters);
    const refusal = format ? this.#refusal() : new FdpError('FDP_PARAMETER_INVALID', 'format: expected a known format');
    if (refusal) this.#parts.fail(refusal);
    if (!format || refusal || !this.#parts.begin()) {
      this.#state = 'over';
      return '';
    }
    response.setHeader('Content-Type', textMediaTypes[format]);
    response.setHeader('Content-Disposition', attachment(fileName(description.name, parameters, format)));
    response.setHeader('Cache-Control', 'no-store');
    if (request.method === 'HEAD') {
      this.#state = 'over';
      response.end();
      abort();
      return '';
    }
    this.#state = 'open';
    context.node.gauge('downloads_open', ++downloads.open);
    this.#text = rowText(format, description.columns);
    return this.#text.head;
  }

  #format(parameters: Readonly<Record<string, unknown>>): TextFormat | undefined {
    const { formats } = this.#parts.description;
    return formats.length === 1 ? formats[0] : formats.find((format) => format === parameters['format']);
  }

  #refusal(): FdpError | undefined {
    const { request, downloads } = this.#parts;
    if (request.httpVersion === '1.0')
      return new FdpError(
        'FDP_PARAMETER_INVALID',
        'a file is sent over HTTP/1.1 only: HTTP/1.0 can not show whether it is complete',
      );
    if (request.method !== 'HEAD' && downloads.open >= downloads.max)
      return new FdpError('FDP_BUSY', `${downloads.max} files are being sent already`);
    return undefined;
  }

  /** Hands over one slice at a time: each that is taken shows that the client reads. */
  #send(): void {
    if (this.#cancel || !this.isOpen) return;
    const { context, response, clientTimeoutMs } = this.#parts;
    const slice = this.#waiting.subarray(0, sliceBytes);
    if (slice.length === 0) {
      if (this.#isComplete) {
        this.close();
        response.end();
      } else this.#wake?.();
      return;
    }
    this.#waiting = this.#waiting.subarray(slice.length);
    this.#cancel = context.clock.timer(clientTimeoutMs, () => {
      context.node.count('slow_clients');
      this.break();
    });
    response.write(slice, () => {
      this.#cancel?.();
      this.#cancel = undefined;
      this.#send();
    });
  }
}
