import { isIP } from 'node:net';
import type { Express, NextFunction, Request, Response } from 'express';
import { errorText } from '../../src/errors.ts';
import type { FailedKeys } from '../../src/kit/failed-keys.ts';
import type { KeyScope } from '../../src/kit/key-file.ts';
import { admitRequest, type Keys, refusalHeaders } from '../../src/kit/keys.ts';
import type { RoleContext } from '../../src/kit/role.ts';
import { badRequest, type Refusal, refusalOf, requestIdOf, safeHeaders } from './answer.ts';
import { type Connections, maxPipelined } from './connections.ts';
import { allowOrigin, answerPreflight, isPreflight } from './cors.ts';
import { refuse } from './http-request.ts';
import type { Limits } from './limits.ts';
import type { Route } from './route.ts';

/** Where the events of the live page are. */
export const streamPath = '/api/v1/stream';

/** A request's body is ignored; a larger one is not even read. */
const maxBody = 64 * 1024;

const onlyGet: Refusal = {
  ...{ status: 405, code: 'FDP_METHOD_NOT_ALLOWED', text: 'only GET and HEAD are supported here' },
  headers: { Allow: 'GET, HEAD' },
};
const tooMany: Refusal = {
  ...{ status: 503, code: 'FDP_BUSY', text: `more than ${maxPipelined} requests of one connection at once` },
  headers: { Connection: 'close', 'Retry-After': '1' },
};
const safeOnes = Object.entries(safeHeaders);

/** What the connector serves itself, beside the routes of its pipeline. */
export interface Endpoint {
  readonly path: string;
  /** Handles GET and HEAD, or returns why not. */
  answer(request: Request, response: Response): Refusal | undefined;
  /** Handles POST, or returns why not; left out: only GET and HEAD are supported. */
  change?(request: Request, response: Response): Refusal | undefined;
}

interface ApplicationParts {
  readonly context: RoleContext;
  readonly name: string;
  readonly routes: readonly Route[];
  /** A route of the same path takes precedence. */
  readonly endpoints: readonly Endpoint[];
  readonly maxUrl: number;
  /** Why a request with this Host header is refused; undefined if it is accepted. */
  readonly wrongHost: (rawHeaders: readonly string[], host: string | undefined) => Refusal | undefined;
  /** Origins whose pages may read the replies. */
  readonly origins: readonly string[];
  /** Whose `X-Forwarded-For` is believed. */
  readonly proxies: readonly string[];
  readonly connections: Connections;
  /** Who may ask; left out: everybody. */
  readonly keys?: Keys | undefined;
  /** How often they may send a wrong one. */
  readonly failedKeys: FailedKeys;
  /** How often; left out: without limit. */
  readonly limits?: Limits | undefined;
  /** True if connections are to be closed after their reply. */
  readonly isClosing: () => boolean;
  /** Accepts a request of a route, or returns why not. */
  readonly open: (request: Request, response: Response, route: string) => Refusal | undefined;
}

/** Adds the routes to an Express application, and replies in the common envelope to everything else. */
export function prepare(app: Express, parts: ApplicationParts): void {
  app.disable('x-powered-by').set('query parser', false).enable('case sensitive routing');
  app.set('trust proxy', parts.proxies);
  app.use((request: Request, response: Response, next: NextFunction) => welcome(parts, request, response, next));
  const taken = new Set(parts.routes.map(({ path }) => path));
  for (const { path, text } of parts.routes)
    serve(app, path, (request, response) => parts.open(request, response, text));
  for (const { path, answer, change } of parts.endpoints) if (!taken.has(path)) serve(app, path, answer, change);
  const known = parts.routes.map(({ text }) => text).join(', ');
  app.use((_request: Request, response: Response) => {
    refuse(
      response,
      { status: 404, code: 'FDP_NOT_FOUND', text: `there is no such route; routes: ${known}` },
      idOf(response),
    );
  });
  app.use((error: unknown, _request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) next(error);
    else refuse(response, refusalOfThrown(error, parts, idOf(response)), idOf(response));
  });
}

function serve(app: Express, path: string, answer: Endpoint['answer'], change?: Endpoint['change']): void {
  const handled = (handle: Endpoint['answer']) => (request: Request, response: Response) => {
    const refusal = handle(request, response);
    if (refusal) refuse(response, refusal, idOf(response));
  };
  const route = app.route(path).get(handled(answer));
  if (change) route.post(handled(change));
  route.all((_request, response) => {
    refuse(response, onlyGet, idOf(response));
  });
}

/** The id that `prepare` gave to a request. */
export function idOf(response: Response): string {
  return String(response.locals['requestId']);
}

function welcome(parts: ApplicationParts, request: Request, response: Response, next: NextFunction): void {
  const requestId = requestIdOf(request.headers['x-request-id']);
  response.locals['requestId'] = requestId;
  for (const [name, value] of safeOnes) response.setHeader(name, value);
  response.setHeader('X-Request-Id', requestId);
  if (parts.isClosing()) response.set('Connection', 'close');
  parts.context.node.count('requests');
  logWhenDone(parts, request, response);
  const isAllowed = allowOrigin(request, response, parts.origins);
  const refusal = parts.connections.take(request, response)
    ? (wrongForm(request, parts) ?? parts.limits?.ofAddress(addressOf(request), response))
    : tooMany;
  if (refusal) {
    refuse(response, refusal, requestId);
    return;
  }
  if (isAllowed && isPreflight(request)) {
    answerPreflight(response);
    return;
  }
  const turnedAway = meet(parts, request, response) ?? parts.connections.admit(request);
  if (turnedAway) {
    refuse(response, turnedAway, requestId);
    return;
  }
  throwBodyAway(request);
  next();
}

/** Why a request is refused by its key; undefined if it is let in. */
function meet(
  { keys, failedKeys, limits }: ApplicationParts,
  request: Request,
  response: Response,
): Refusal | undefined {
  const found = keys && admitRequest(keys, request.headers, scopeOf(request.path));
  const admission = found && failedKeys.judge(found, addressOf(request));
  if (admission?.refusal) return { ...admission.refusal, headers: refusalHeaders(admission.refusal) };
  response.locals['isAdmin'] = admission === undefined || admission.scopes.includes('admin');
  return admission && limits?.ofKey(admission.name, response);
}

/** Whose request it is, as a trusted proxy says; if that is no address, the proxy's. */
function addressOf({ ip = '', socket }: Request): string | undefined {
  return isIP(ip) === 0 ? socket.remoteAddress : ip;
}

/** Whether the client may see how the platform is configured: it has a key for it, or needs none. */
export function isAdmin(response: Response): boolean {
  return response.locals['isAdmin'] === true;
}

/** The live page and its events, or the routes and their reference. */
function scopeOf(path: string): KeyScope {
  return path === '/' || path === streamPath ? 'stream' : 'read';
}

function wrongForm(request: Request, { maxUrl, wrongHost }: ApplicationParts): Refusal | undefined {
  if (request.url.length > maxUrl) return badRequest(414, `the URL is longer than ${maxUrl} bytes`);
  if (request.headers.host === undefined && request.httpVersion === '1.1')
    return badRequest(400, 'the request has no Host header', { Connection: 'close' });
  if (Number(request.headers['content-length'] ?? 0) > maxBody)
    return badRequest(413, `the body of the request is larger than ${maxBody} bytes`, { Connection: 'close' });
  return wrongHost(request.rawHeaders, request.headers.host);
}

function throwBodyAway(request: Request): void {
  const { 'content-length': length = '0', 'transfer-encoding': coding } = request.headers;
  if (length === '0' && coding === undefined) return;
  let size = 0;
  request.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > maxBody) request.destroy();
  });
  request.on('error', () => {});
}

function logWhenDone({ context, name }: ApplicationParts, request: Request, response: Response): void {
  const { clock, log } = context;
  const start = clock.monotonic();
  const { method, path } = request;
  response.on('close', () => {
    const ms = Math.round(clock.monotonic() - start);
    const status = response.writableFinished ? response.statusCode : undefined;
    log.debug({ request_id: idOf(response), method, path, status, ms }, `${name}: replied to a request`);
  });
}

function refusalOfThrown(error: unknown, { context, name }: ApplicationParts, requestId: string): Refusal {
  if (error instanceof URIError) return badRequest(400, 'the path has invalid percent-encoding');
  const refusal = refusalOf(error);
  if (refusal.status >= 500)
    context.log.error({ request_id: requestId, error: errorText(error) }, `${name}: a request failed`);
  return refusal;
}
