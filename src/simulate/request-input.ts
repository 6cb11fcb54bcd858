import { Observable, type Subscriber } from 'rxjs';
import { FdpError } from '../errors.ts';
import { linkedAbort } from '../kit/clock.ts';
import { parseJson, toJson } from '../kit/json.ts';
import type { FileReply, PageEdge, RequestContext, RouteDescription } from '../kit/request.ts';
import type { RoleContext } from '../kit/role.ts';
import type { Lane, Source } from '../kit/source.ts';

/** What a client got. */
export interface Reply {
  readonly request: string;
  /** Of a request that failed: the code of its error. */
  code?: string;
  error?: string;
  data?: unknown;
  /** Of a file: its rows. */
  rows?: unknown[];
}

/** A moment by both clocks, ms: Unix time, and what has passed. */
export interface Moment {
  readonly now: number;
  readonly elapsed: number;
}

/** When a request was asked and answered; undefined where no process took it, or none has answered. */
export interface RequestTimes {
  asked?: Moment;
  answered?: Moment;
}

/** Clients of a server of requests. Requests that come while no process takes them are refused. */
export class RequestInput {
  readonly replies: Reply[] = [];
  /** Of each reply. */
  readonly times: RequestTimes[] = [];
  readonly #waiting = new Set<WaitingRequest>();
  #number = 0;
  #taker: { readonly lanes: Subscriber<Lane>; readonly name: string; readonly context: RoleContext } | undefined;

  /** Requests without a reply. */
  get open(): number {
    return this.#waiting.size;
  }

  /** @param request `GET /api/v1/trades/AAPL?limit=5` */
  ask(request: string): void {
    const reply: Reply = { request };
    const times: RequestTimes = {};
    this.replies.push(reply);
    this.times.push(times);
    const taker = this.#taker;
    if (!taker) {
      reply.code = 'FDP_UNAVAILABLE';
      return;
    }
    const { name, context, lanes } = taker;
    const found = routeOf(request, context.routes);
    if (!found) {
      reply.code = 'FDP_NOT_FOUND';
      return;
    }
    const { clock } = context;
    const moment = (): Moment => ({ now: clock.now(), elapsed: clock.monotonic() });
    times.asked = moment();
    const waiting: WaitingRequest = new WaitingRequest(reply, found, () => {
      times.answered = moment();
      this.#waiting.delete(waiting);
    });
    this.#waiting.add(waiting);
    lanes.next(waiting.lane(`${name}/${++this.#number}`, name, times.asked.now));
  }

  /** The process that took requests is gone; its clients lose their connections. */
  drop(): void {
    this.#taker = undefined;
    for (const request of [...this.#waiting]) request.fail(new FdpError('FDP_CONNECTION_LOST', 'the server is gone'));
  }

  source(name: string, context: RoleContext): Source {
    return {
      replayable: false,
      connect: async () => {},
      lanes: new Observable<Lane>((lanes) => {
        this.#taker = { lanes, name, context };
        context.node.is('ok');
        return () => {
          if (this.#taker?.lanes === lanes) this.#taker = undefined;
        };
      }),
      close: async () => {},
    };
  }
}

interface Found {
  readonly route: RouteDescription;
  readonly path: string;
  readonly query: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** The route of a request: of several that match, the one with the fewest parameters, then the earlier one. */
function routeOf(request: string, routes: readonly RouteDescription[]): Found | undefined {
  const [method = '', target = ''] = request.split(' ');
  const [path = '', query = ''] = target.split(/\?(.*)/s);
  const count = ({ route }: RouteDescription) => route.split('{').length;
  const inOrder = [...routes].sort((one, other) => count(one) - count(other));
  for (const route of inOrder) {
    const [wanted, pattern = ''] = route.route.split(' ');
    const own = wanted === method ? matched(pattern.split('/'), path.split('/')) : undefined;
    if (own) return { route, path, query, parameters: { ...Object.fromEntries(new URLSearchParams(query)), ...own } };
  }
  return undefined;
}

function matched(pattern: readonly string[], path: readonly string[]): Record<string, string> | undefined {
  if (pattern.length !== path.length) return undefined;
  const found: Record<string, string> = {};
  for (const [at, part] of pattern.entries()) {
    const given = decoded(path[at] ?? '');
    const name = /^\{(.*)\}$/.exec(part)?.[1];
    if (name === undefined ? part !== given : given === '') return undefined;
    if (name !== undefined) found[name] = given;
  }
  return found;
}

/** Part of a path without its percent-encoding; one that is wrong stays as it is. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** A request whose client waits. */
class WaitingRequest implements RequestContext {
  readonly path: string;
  readonly query: string;
  page?: PageEdge | null;
  parameters: Readonly<Record<string, unknown>>;
  readonly file: FileReply | undefined;
  readonly #reply: Reply;
  readonly #route: string;
  readonly #abort = linkedAbort().controller;
  readonly #ended: () => void;
  #isOver = false;

  constructor(reply: Reply, { route, path, query, parameters }: Found, ended: () => void) {
    this.#reply = reply;
    this.#route = route.route;
    this.path = path;
    this.query = query;
    this.parameters = parameters;
    this.#ended = ended;
    this.file = route.file && this.#file();
  }

  lane(id: string, name: string, timestamp: number): Lane {
    const message = { key: null, value: this.parameters, timestamp, meta: { lane: name } };
    let isRead = false;
    return {
      id,
      signal: this.#abort.signal,
      chain: this.#route,
      request: this,
      read: async () => {
        if (isRead) return undefined;
        isRead = true;
        return { messages: [message], bytes: this.path.length };
      },
    };
  }

  respond(data: unknown): void {
    this.#end(() => {
      this.#reply.data = asRead(data ?? null);
    });
  }

  fail(error: FdpError): void {
    this.#end(() => {
      this.#reply.code = error.code;
      this.#reply.error = error.message;
    });
  }

  stop(error: FdpError): void {
    this.fail(error);
    this.#abort.abort();
  }

  #file(): FileReply {
    const rows: unknown[] = [];
    return {
      add: (more) => {
        this.#reply.rows = rows;
        rows.push(...more.map(asRead));
      },
      wantsMore: async () => !this.#isOver,
      end: () =>
        this.#end(() => {
          this.#reply.rows = rows;
        }),
    };
  }

  #end(set: () => void): void {
    if (this.#isOver) return;
    this.#isOver = true;
    set();
    this.#ended();
  }
}

/** A value as a client reads it. */
function asRead(value: unknown): unknown {
  return parseJson(toJson(value, 'reply'));
}
