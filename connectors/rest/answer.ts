import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import { type ErrorCode, FdpError } from '../../src/errors.ts';

/** The reply to a client that gets no data. */
export interface Refusal {
  readonly status: number;
  readonly code: ErrorCode;
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** On every reply: a browser must not run, frame or sniff it. */
export const safeHeaders = {
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
} as const;

const later = { 'Retry-After': '1' };

/**
 * The reply for an error of the pipeline. Only errors of parameters are passed on unchanged: the
 * text of any other error is for the log.
 */
export function refusalOf(error: unknown): Refusal {
  const code = error instanceof FdpError ? error.code : 'FDP_INTERNAL';
  switch (code) {
    case 'FDP_PARAMETER_INVALID':
      return { status: 400, code, text: (error as FdpError).message };
    case 'FDP_NOT_FOUND':
      return { status: 404, code, text: 'there is nothing at this path' };
    case 'FDP_RESULT_TOO_LARGE':
      return { status: 500, code, text: 'too many rows match for one reply' };
    case 'FDP_TIMEOUT':
      return { status: 504, code, text: 'request timed out' };
    case 'FDP_BUSY':
      return { status: 503, code, text: 'too busy: try again later', headers: later };
    case 'FDP_UNAVAILABLE':
    case 'FDP_CONNECTION_LOST':
    case 'FDP_CONNECT_FAILED':
      return {
        status: 503,
        code,
        text: 'a dependency of this request is unavailable: try again later',
        headers: later,
      };
    default:
      return { status: 500, code, text: 'internal error' };
  }
}

/** A request that the client has to change. */
export function badRequest(status: number, text: string, headers: Readonly<Record<string, string>> = {}): Refusal {
  return { status, code: 'FDP_PARAMETER_INVALID', text, headers };
}

/** A request that can't be taken now. */
export function notNow(code: ErrorCode, text: string): Refusal {
  return { status: 503, code, text, headers: later };
}

/** The body of a reply without data. */
export function refusalBody({ text, code }: Refusal, requestId: string): object {
  return { data: null, error: text, message: null, code, request_id: requestId };
}

/** The client's own request id if it is plain text, otherwise a new one. */
export function requestIdOf(header: string | readonly string[] | undefined): string {
  return typeof header === 'string' && /^[\w.-]{1,64}$/.test(header) ? header : randomUUID();
}

/** Node.js's errors for bytes that are not a valid request. */
export function malformed(error: Error & { readonly code?: string }): Refusal {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      return badRequest(431, 'the headers of the request are too large');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { status: 408, code: 'FDP_TIMEOUT', text: 'the request took too long to arrive' };
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return badRequest(413, 'the body of the request is too large');
    default:
      return badRequest(400, 'this is not an HTTP request');
  }
}

/** A reply as bytes, for a connection that ends with it. */
export function rawAnswer(refusal: Refusal): string {
  const id = randomUUID();
  const body = JSON.stringify(refusalBody(refusal, id));
  const headers = {
    ...safeHeaders,
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': String(Buffer.byteLength(body)),
    'Cache-Control': 'no-store',
    'X-Request-Id': id,
    Connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}\r\n${lines.join('')}\r\n${body}`;
}
