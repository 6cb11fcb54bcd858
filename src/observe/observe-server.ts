import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { errorText, FdpError } from '../errors.ts';
import { type Clock, linkedAbort, systemClock } from '../kit/clock.ts';
import type { Logger } from '../kit/environment.ts';
import { FailedKeys } from '../kit/failed-keys.ts';
import { hostCheck, hostsOf } from '../kit/host.ts';
import { admitRequest, type KeyRefusal, Keys, refusalHeaders } from '../kit/keys.ts';
import { listen, reachable } from '../kit/listen.ts';
import type { ProcessSnapshot } from '../kit/snapshot.ts';
import { ServerTls } from '../kit/tls.ts';
import { addressOf } from '../kit/units.ts';
import { WaitingRoom } from '../kit/waiting-room.ts';
import { liveness, readiness, soundness } from './health.ts';
import { holderOf } from './holder.ts';
import { metricFamilies } from './metrics.ts';
import { createMetricsWriter, type MetricsWriter } from './metrics-writer.ts';
import type { MetricSources } from './node-metrics.ts';
import { observeSettings, tlsVariables } from './observe-settings.ts';

const defaultPort = 9464;
const highestPort = 65_535;
/** Ports tried, one after the other, before any free one is taken. */
const portsTried = 100;
/** Those who wait for nothing, and those whose metrics are being sent. */
const maxConnections = 1000;
/** A connection is closed after this many requests, which bounds a client that sends thousands at once. */
const maxRequests = 64;
/** A connection that is idle for this long is closed, ms. */
const idleMs = 10_000;

interface ObserveOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Logger;
  /** The machine's unless given. */
  readonly clock?: Clock;
  snapshot(): ProcessSnapshot;
  /** What components of a type count beyond messages; left out if unknown. */
  readonly figuresOf?: MetricSources['figuresOf'];
  /** The process only displays, beside others: if its configured port is taken it uses another instead of failing. */
  readonly mayMove?: boolean;
}

export interface ObserveServer {
  /** `http://127.0.0.1:9464`, or `https://...` */
  readonly address: string;
  /** Closes the server and all connections; idempotent. */
  close(): Promise<void>;
}

/**
 * Serves `/metrics`, `/health`, `/health/live` and `/health/ready` on OBSERVE_PORT (9464) of OBSERVE_HOST (127.0.0.1),
 * each answer made from one snapshot. When the port is taken, and was not asked for or the process may move, the next
 * free one is used. OBSERVE_TLS_CERT and OBSERVE_TLS_KEY encrypt it; with OBSERVE_KEYS metrics need a key with the scope `admin`.
 * @throws FDP_USAGE for a port that is none, FDP_PORT_IN_USE for one that was asked for and is taken, FDP_REFUSED,
 *   FDP_CONNECT_FAILED for an address that this machine has not; FDP_REFUSED also for a certificate or keys that can't be used
 */
export async function startObserveServer(options: ObserveOptions): Promise<ObserveServer> {
  const { env, log, clock = systemClock, mayMove = false } = options;
  const { host, port: asked, tls: files, keys: keyFile } = observeSettings(env);
  const setting = (file: keyof typeof tlsVariables) => tlsVariables[file];
  const tls = files && new ServerTls(files, { name: 'observe', setting, clock, log });
  const wanted = asked ?? defaultPort;
  const keys = keyFile === undefined ? undefined : new Keys(keyFile, 'observe', { clock, log });
  keys?.open();
  const isOurs = hostCheck(addressOf(host, 0), []);
  const failed = new FailedKeys('observe', { clock, log });
  const answer = answers(options, { isOurs, keys, failed });
  for (let index = 0; ; index++) {
    const server = makeServer(answer, tls);
    const port = index < portsTried && wanted + index <= highestPort ? wanted + index : 0;
    try {
      return await openPort(server, { host, port, log, tls, keys });
    } catch (error) {
      if (!(error instanceof FdpError && error.code === 'FDP_PORT_IN_USE')) throw error;
      if (asked === undefined) continue;
      const taken = `observe: port ${port} (from OBSERVE_PORT) on ${host} is in use by ${await holderOf(host, port)}`;
      if (!mayMove)
        throw new FdpError(
          'FDP_PORT_IN_USE',
          `${taken}: stop it, or set OBSERVE_PORT to another port, 0 for any free one`,
          {
            cause: error,
          },
        );
      log.info({ port }, `${taken}: using the next free port`);
    }
  }
}

interface Listening {
  readonly host: string;
  readonly port: number;
  readonly log: Logger;
  readonly tls: ServerTls | undefined;
  readonly keys: Keys | undefined;
}

async function openPort(server: Server, { host, port, log, tls, keys }: Listening): Promise<ObserveServer> {
  const setting = 'OBSERVE_PORT or OBSERVE_HOST';
  const { signal } = linkedAbort().controller;
  const protection = { keys: keys !== undefined, tls: tls !== undefined };
  const about = { name: 'observe', address: addressOf(host, port), log, setting, protection };
  const bound = await listen(server, about, signal);
  const shown = reachable(addressOf(host, bound));
  let closed: Promise<void> | undefined;
  return {
    address: `${tls ? 'https' : 'http'}://${shown.host}:${shown.port}`,
    close: () => {
      closed ??= new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        tls?.end();
      });
      return closed;
    },
  };
}

const twoHosts = { status: 400, body: { error: 'the request has more than one Host header' } };
const wrongHost = {
  status: 421,
  body: { error: 'this server serves localhost and IP addresses only: use http://127.0.0.1 and its port' },
};

type Answer = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

function makeServer(answer: Answer, tls: ServerTls | undefined): Server {
  const limits = { headersTimeout: idleMs / 2, requestTimeout: idleMs, connectionsCheckingInterval: 1000 };
  const room = new WaitingRoom(() => {});
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    room.leave(socket);
    response.on('close', () => {
      if (!socket.destroyed) room.enter(socket);
    });
    void answer(request, response);
  };
  const options = { ...limits, maxHeaderSize: 8192 };
  const encrypted = (files: object) => createTlsServer({ ...options, ...files }, listener);
  const server = tls ? tls.serve(encrypted) : createServer(options, listener);
  server.maxConnections = maxConnections;
  // Connections that ask for nothing make room for those of probes.
  server.prependListener('connection', (socket: Socket) => room.enter(socket));
  server.maxRequestsPerSocket = maxRequests;
  server.timeout = idleMs;
  return server;
}

interface Doorkeepers {
  readonly isOurs: (host: string | undefined) => boolean;
  readonly keys: Keys | undefined;
  readonly failed: FailedKeys;
}

function answers(
  { snapshot, log, figuresOf = () => ({}) }: ObserveOptions,
  { isOurs, keys, failed }: Doorkeepers,
): Answer {
  const metrics = { node: process.version, figuresOf };
  let writer: Promise<MetricsWriter> | undefined;
  const pages: Readonly<Record<string, () => Promise<Page> | Page>> = {
    '/metrics': async () => {
      writer ??= createMetricsWriter();
      const { contentType, write } = await writer;
      return { status: 200, type: contentType, text: await write(metricFamilies(snapshot(), metrics)) };
    },
    '/health': () => json(soundness(snapshot())),
    '/health/live': () => json(liveness(snapshot())),
    '/health/ready': () => json(readiness(snapshot())),
  };
  const refusalOf = ({ headers, socket }: IncomingMessage) =>
    keys && failed.judge(admitRequest(keys, headers, 'admin'), socket.remoteAddress).refusal;
  return async (request, response) => {
    const { method = '', url = '', headers, rawHeaders } = request;
    const refused = hostsOf(rawHeaders) > 1 ? twoHosts : isOurs(headers.host) ? undefined : wrongHost;
    if (refused) {
      send(response, json(refused));
      return;
    }
    const path = url.replace(/[?#].*$/s, '');
    const page = pages[path];
    const stranger = page && !openPages.has(path) ? refusalOf(request) : undefined;
    try {
      if (stranger) sendRefusal(response, stranger);
      else if (page === undefined)
        send(response, json({ status: 404, body: { error: 'not found', pages: Object.keys(pages) } }));
      else if (method === 'GET' || method === 'HEAD') send(response, await page());
      else send(response.setHeader('Allow', 'GET, HEAD'), json({ status: 405, body: { error: 'only GET and HEAD' } }));
    } catch (error) {
      log.warn({ err: error }, `observe: ${errorText(error)}`);
      send(response, json({ status: 500, body: { error: 'internal error' } }));
    }
  };
}

/** Pages that need no key: orchestrators ask them. */
const openPages: ReadonlySet<string> = new Set(['/health', '/health/live', '/health/ready']);

function sendRefusal(response: ServerResponse, refusal: KeyRefusal): void {
  const { status, text, code } = refusal;
  for (const [name, value] of Object.entries(refusalHeaders(refusal))) response.setHeader(name, value);
  send(response, json({ status, body: { error: text, code } }));
}

interface Page {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

function json({ status, body }: { readonly status: number; readonly body: object }): Page {
  return { status, type: 'application/json; charset=utf-8', text: `${JSON.stringify(body)}\n` };
}

/** Node.js leaves the body out of the response to a HEAD. */
function send(response: ServerResponse, { status, type, text }: Page): void {
  response.writeHead(status, {
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  });
  response.end(text);
}
