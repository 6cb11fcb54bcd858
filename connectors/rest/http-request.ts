import { hash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import type { Request, Response } from 'express';
import { errorText, FdpError } from '../../src/errors.ts';
import type { LimitedLog } from '../../src/kit/limited-log.ts';
import type { FileDescription, PageEdge, RequestContext } from '../../src/kit/request.ts';
import type { RoleContext } from '../../src/kit/role.ts';
import type { Lane } from '../../src/kit/source.ts';
import { type Refusal, refusalBody, refusalOf } from './answer.ts';
import { type Downloads, HttpFile } from './http-file.ts';
import { queryOf, rawQuery } from './route.ts';

interface HttpRequestParts {
  readonly context: RoleContext;
  /** The connector's name. */
  readonly name: string;
  readonly requestId: string;
  /** The route as in the pipeline. */
  readonly route: string;
  /** For the lane: unique in the process. */
  readonly number: number;
  readonly timeoutMs: number;
  readonly clientTimeoutMs: number;
  /** What the route replies with, if that is a file. */
  readonly description: FileDescription | undefined;
  readonly downloads: Downloads;
  /** Logs failed requests. */
  readonly failures: LimitedLog;
}

/**
 * One HTTP request: a lane that gives one message and takes one reply. It ends by `respond`, by
 * `fail`, by its time limit (504), because the client disconnects, or with the end of its file; the lane's signal aborts when
 * what is still read is for nobody.
 */
export class HttpRequest implements RequestContext {
  readonly path: string;
  readonly query: string;
  page?: PageEdge | null;
  parameters: Readonly<Record<string, unknown>>;
  readonly file: HttpFile | undefined;
  readonly lane: Lane;
  readonly request: Request;
  readonly #response: Response;
  readonly #parts: HttpRequestParts;
  readonly #abort = new AbortController();
  readonly #cancelTimers: readonly (() => void)[];
  #answered = false;
  #ended = false;

  /** @throws FDP_PARAMETER_INVALID for bad percent-encoding in the query */
  constructor(request: Request, response: Response, parts: HttpRequestParts) {
    this.request = request;
    this.path = request.path;
    this.query = rawQuery(request.url);
    this.#response = response;
    this.#parts = parts;
    setMaxListeners(0, this.#abort.signal);
    this.parameters = Object.fromEntries([...queryOf(this.query), ...Object.entries(request.params)]);
    this.lane = this.#laneOf(this.parameters);
    this.file = this.#fileOf();
    const { clock, node } = parts.context;
    this.#cancelTimers = [
      clock.timer(parts.timeoutMs, () => this.#expire()),
      // From here on only the client can be slow.
      clock.timer(parts.timeoutMs + parts.clientTimeoutMs, () => {
        node.count('slow_clients');
        response.destroy();
      }),
    ];
  }

  respond(data: unknown): void {
    if (this.#answered) return;
    let body: string;
    try {
      body = JSON.stringify({ data: data ?? null, error: null, message: null });
    } catch (error) {
      this.fail(
        new FdpError('FDP_INTERNAL', `the reply cannot be written as JSON: ${errorText(error)}`, { cause: error }),
      );
      return;
    }
    this.#answered = true;
    send(this.#response, body);
  }

  fail(error: FdpError): void {
    if (this.file?.isOpen) {
      this.#report(error, undefined);
      this.file.break();
    }
    if (this.#answered) return;
    this.#answered = true;
    this.file?.close();
    const refusal = refusalOf(error);
    if (refusal.status >= 500) this.#report(error, refusal.status);
    refuse(this.#response, refusal, this.#parts.requestId);
  }

  stop(error: FdpError): void {
    this.fail(error);
    this.#abort.abort();
  }

  /** The connection is closed after this reply. */
  endsConnection(): void {
    if (!this.#response.headersSent) this.#response.set('Connection', 'close');
  }

  /** The reply was sent, or the client has disconnected. True at the first call. */
  end(): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    for (const cancel of this.#cancelTimers) cancel();
    const isCutOff = this.file?.close() ?? false;
    if (!this.#answered || isCutOff) {
      this.#answered = true;
      this.#parts.context.node.count('abandoned');
      this.#abort.abort();
    }
    return true;
  }

  #expire(): void {
    this.stop(new FdpError('FDP_TIMEOUT', `no reply within ${this.#parts.timeoutMs} ms`));
  }

  /** From then on the client has `clientTimeoutMs` for each slice of the file, instead of for the reply. */
  #fileOf(): HttpFile | undefined {
    const { description, ...parts } = this.#parts;
    if (!description) return undefined;
    const begin = () => {
      if (this.#answered) return false;
      this.#answered = true;
      for (const cancel of this.#cancelTimers) cancel();
      return true;
    };
    return new HttpFile({
      ...parts,
      ...{ description, begin, request: this.request, response: this.#response },
      parameters: () => this.parameters,
      fail: (error) => this.fail(error),
      abort: () => this.#abort.abort(),
    });
  }

  /** Without a status the file has begun. */
  #report(error: FdpError, status: number | undefined): void {
    const { context, name, requestId, route, failures } = this.#parts;
    if (status === 504) context.node.count('timed_out');
    const fields = { request_id: requestId, route, status, code: error.code, error: errorText(error) };
    const text = status === undefined ? 'a file could not be finished' : 'a request failed';
    failures[status === 500 ? 'error' : 'warn'](`${route} ${error.code}`, fields, `${name}: ${text}`);
  }

  #laneOf(value: Readonly<Record<string, unknown>>): Lane {
    const { context, name, number, route } = this.#parts;
    let isRead = false;
    return {
      id: `${name}/${number}`,
      signal: this.#abort.signal,
      chain: route,
      request: this,
      read: async () => {
        if (isRead) return undefined;
        isRead = true;
        const message = { key: null, value, timestamp: context.clock.now(), meta: { lane: name } };
        return { messages: [message], bytes: this.request.url.length };
      },
    };
  }
}

/** Replies with JSON, or with 304 to who has it. Express' `send` would make bytes of the text: header and body then are two writes. */
function send(response: Response, body: string): void {
  response.setHeader('Cache-Control', 'no-cache');
  response.setHeader('ETag', `W/"${hash('sha1', body, 'base64')}"`);
  if (response.req.fresh) {
    response.status(304).end();
    return;
  }
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.setHeader('Content-Length', Buffer.byteLength(body));
  response.end(body);
}

/** Replies without data. */
export function refuse(response: Response, refusal: Refusal, requestId: string): void {
  response
    .status(refusal.status)
    .set({ ...refusal.headers, 'Cache-Control': 'no-store' })
    .json(refusalBody(refusal, requestId));
}
