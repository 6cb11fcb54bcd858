import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Express, Request, Response } from 'express';
import { Observable, type Subscriber } from 'rxjs';
import { errorText, FdpError } from '../../src/errors.ts';
import { FailedKeys } from '../../src/kit/failed-keys.ts';
import type { Keys } from '../../src/kit/keys.ts';
import { type LimitedLog, limited } from '../../src/kit/limited-log.ts';
import { listen } from '../../src/kit/listen.ts';
import type { Proven } from '../../src/kit/proven.ts';
import type { ConnectOptions, RoleContext } from '../../src/kit/role.ts';
import type { Lane, Source } from '../../src/kit/source.ts';
import type { ServerTls } from '../../src/kit/tls.ts';
import { notNow, type Refusal } from './answer.ts';
import { type Endpoint, idOf, isAdmin, prepare, streamPath } from './application.ts';
import { Connections } from './connections.ts';
import { descriptions } from './descriptions.ts';
import { hostRefusal } from './host.ts';
import type { Downloads } from './http-file.ts';
import { HttpRequest } from './http-request.ts';
import { makeServer } from './http-server.ts';
import { type LimitOptions, Limits } from './limits.ts';
import { type PageFile, pageEndpoints } from './page.ts';
import { QueryParameters } from './parameters.ts';
import type { Prices } from './prices.ts';
import { readRoutes } from './route.ts';
import { Streams } from './streams.ts';

interface RestLimits {
  readonly timeoutMs: number;
  readonly clientTimeoutMs: number;
  readonly maxRequests: number;
  readonly maxConnections: number;
  readonly maxHeader: number;
  readonly maxUrl: number;
  readonly maxStreams: number;
  readonly maxDownloads: number;
}

interface RestOptions {
  readonly name: string;
  readonly address: string;
  /** What has worked with this connector in this process. */
  readonly proven: Proven;
  readonly limits: RestLimits;
  readonly app: Express;
  /** The host names that the server accepts; without any as `hostCheck` decides. */
  readonly hosts: readonly string[];
  /** Origins whose pages may read the replies. */
  readonly origins: readonly string[];
  /** Addresses and networks of proxies, which say whose request it is. */
  readonly proxies: readonly string[];
  /** Who may ask; undefined: everybody. */
  readonly keys: Keys | undefined;
  /** How often each client may ask; undefined: without limit. */
  readonly rateLimits: LimitOptions | undefined;
  /** Undefined: not encrypted. */
  readonly tls: ServerTls | undefined;
  /** What the live page shows; undefined without a page. */
  readonly prices: Prices | undefined;
  /** What is served beside the routes: the reference of the API, and the live page. */
  readonly files: readonly PageFile[];
}

const notOpen = notNow('FDP_UNAVAILABLE', 'not open: try again later');
/** How long `close` waits for clients to receive their last reply. */
const farewellMs = 500;
/**
 * At most one line per this time about failed requests of a route and a kind, ms: an unavailable store fails them all.
 */
const failureLogMs = 1000;

/**
 * The source role: a lane for each request. Requests are not read again after a restart: clients repeat them.
 * Counts `requests`, `refused` (too many at once, or not yet or no longer open), `timed_out`, `abandoned` (the client
 * has gone), `slow_clients`, `malformed`, `refused_connections`, and what `Streams` counts; gauges `requests_open`,
 * `downloads_open`.
 */
export class RestSource implements Source {
  readonly replayable = false;
  readonly lanes: Observable<Lane>;
  readonly #context: RoleContext;
  readonly #options: RestOptions;
  readonly #open = new Set<HttpRequest>();
  readonly #connections: Connections;
  readonly #parameters: QueryParameters;
  readonly #streams: Streams | undefined;
  readonly #downloads: Downloads;
  readonly #failures: LimitedLog;
  #server: Server | undefined;
  #lanes: Subscriber<Lane> | undefined;
  #number = 0;
  #isClosing = false;
  #whenIdle: (() => void) | undefined;
  #stopped: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  /** @throws FDP_SPEC_INVALID for a route that can't be served */
  constructor(context: RoleContext, options: RestOptions) {
    this.#context = context;
    this.#options = options;
    const { prices, limits } = options;
    this.#connections = new Connections(limits.maxConnections, () => context.node.count('refused_connections'));
    this.#parameters = new QueryParameters(context.routes);
    this.#streams = prices && new Streams(context, { ...limits, prices });
    this.#downloads = { open: 0, max: limits.maxDownloads };
    this.#failures = limited(context.log, context.clock, failureLogMs);
    prepare(options.app, {
      context,
      name: options.name,
      routes: readRoutes(
        context.routes.map(({ route }) => route),
        options.name,
      ),
      endpoints: this.#endpoints(),
      maxUrl: limits.maxUrl,
      wrongHost: hostRefusal(options.address, options.hosts),
      origins: options.origins,
      proxies: options.proxies,
      keys: options.keys,
      failedKeys: new FailedKeys(options.name, context),
      limits:
        options.rateLimits && new Limits(options.rateLimits, context.clock, () => context.node.count('rate_limited')),
      connections: this.#connections,
      isClosing: () => this.#isClosing,
      open: (request, response, route) => this.#take(request, response, route),
    });
    this.lanes = new Observable((subscriber) => {
      this.#lanes = subscriber;
      return () => void this.#stop();
    });
  }

  /** Opens the port; until `lanes` is subscribed to, requests get 503. @throws what `listen` throws */
  async connect(signal: AbortSignal, options?: ConnectOptions): Promise<void> {
    const { name, address, app, limits, proven, keys, tls } = this.#options;
    keys?.open();
    const { log, node } = this.#context;
    const forget = (socket: Socket) => this.#forget(socket);
    const server = makeServer({ app, limits, node, tls, forget, connections: this.#connections });
    this.#server = server;
    const protection = { keys: keys !== undefined, tls: tls !== undefined };
    await listen(server, { name, address, log, options, proven, protection }, signal);
    server.on('error', (error) => log.warn({ error: errorText(error) }, `${name}: failed to accept a connection`));
    node.gauge('requests_open', 0);
  }

  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  #endpoints(): readonly Endpoint[] {
    const streams = this.#streams;
    const { address, tls, keys, rateLimits, files } = this.#options;
    const served = {
      address,
      hasStream: streams !== undefined,
      hasTls: tls !== undefined,
      hasKeys: keys !== undefined,
      hasLimits: rateLimits !== undefined || keys !== undefined,
    };
    const always = [...descriptions(this.#context, served), ...pageEndpoints(files, this.#context.platform?.replay)];
    if (!streams) return always;
    const open = ({ headers }: Request, response: Response) => {
      const refusal = this.#isClosing ? notOpen : streams.open(response, headers['last-event-id'], isAdmin(response));
      return refusal && this.#refuse(refusal);
    };
    return [...always, { path: streamPath, answer: open }];
  }

  #take(request: Request, response: Response, route: string): Refusal | undefined {
    const { context, name, limits } = { context: this.#context, ...this.#options };
    if (this.#isClosing || !this.#lanes) return this.#refuse(notOpen);
    const unknown = this.#parameters.refusal(request.url, route);
    if (unknown) return unknown;
    if (this.#open.size >= limits.maxRequests)
      return this.#refuse(notNow('FDP_BUSY', 'too many requests at once: try again later'));
    const { timeoutMs, clientTimeoutMs } = limits;
    const number = ++this.#number;
    const description = context.routes.find((each) => each.route === route)?.file;
    const about = { requestId: idOf(response), failures: this.#failures, description, downloads: this.#downloads };
    const parts = { context, name, route, number, timeoutMs, clientTimeoutMs, ...about };
    const httpRequest = new HttpRequest(request, response, parts);
    this.#open.add(httpRequest);
    this.#count();
    response.on('close', () => this.#done(httpRequest));
    this.#lanes.next(httpRequest.lane);
    return undefined;
  }

  #refuse(refusal: Refusal): Refusal {
    this.#context.node.count('refused');
    return refusal;
  }

  #done(httpRequest: HttpRequest): void {
    if (!httpRequest.end()) return;
    this.#open.delete(httpRequest);
    this.#count();
    if (this.#open.size === 0) this.#whenIdle?.();
  }

  #forget(socket: Socket): void {
    for (const httpRequest of this.#open) if (httpRequest.request.socket === socket) this.#done(httpRequest);
    this.#streams?.forget(socket);
  }

  #count(): void {
    this.#context.node.gauge('requests_open', this.#open.size);
  }

  /** Accepts no new connections and requests; pending ones continue. */
  #stop(): Promise<void> {
    this.#isClosing = true;
    const server = this.#server;
    if (!server) return Promise.resolve();
    this.#stopped ??= new Promise((resolve) => {
      server.close(() => resolve());
      this.#streams?.end();
      for (const httpRequest of this.#open) httpRequest.endsConnection();
    });
    return this.#stopped;
  }

  async #end(): Promise<void> {
    const stopped = this.#stop();
    for (const httpRequest of this.#open) httpRequest.stop(new FdpError('FDP_UNAVAILABLE', 'the service is stopping'));
    await this.#farewell();
    this.#server?.closeAllConnections();
    this.#options.tls?.end();
    this.#failures.flush();
    await stopped;
  }

  /** Waits until the last replies are sent, for a limited time. */
  #farewell(): Promise<void> {
    if (this.#open.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#context.clock.timer(farewellMs, resolve);
      this.#whenIdle = () => {
        cancel();
        resolve();
      };
    });
  }
}
