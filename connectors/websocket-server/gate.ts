import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { FailedKeys } from '../../src/kit/failed-keys.ts';
import { Places } from '../../src/kit/places.ts';
import type { RoleContext } from '../../src/kit/role.ts';
import type { ServerTls } from '../../src/kit/tls.ts';
import { WaitingRoom } from '../../src/kit/waiting-room.ts';

export interface GateOptions {
  readonly name: string;
  readonly token: string;
  /** Origins of pages that may connect. */
  readonly origins: readonly string[];
  readonly maxClients: number;
  /** Of one address; undefined: all of them. */
  readonly maxClientsPerAddress: number | undefined;
  /** Undefined: not encrypted. */
  readonly tls: ServerTls | undefined;
}

/** A connection that has not asked to become a WebSocket within this time is closed, ms. */
const idleMs = 10_000;

const limits = {
  headersTimeout: idleMs / 2,
  requestTimeout: idleMs,
  connectionsCheckingInterval: 1000,
  maxHeaderSize: 8192,
};

const answer: RequestListener = (_request, response) => {
  response.writeHead(426, { Connection: 'Upgrade', Upgrade: 'websocket' }).end('This is a WebSocket server.\n');
};

/** Decides who becomes a client. Counts `rejected_clients`. */
export class Gate {
  readonly #options: GateOptions;
  readonly #context: RoleContext;
  readonly #places: Places;
  readonly #failed: FailedKeys;
  readonly #room: WaitingRoom;

  constructor(options: GateOptions, context: RoleContext) {
    this.#options = options;
    this.#context = context;
    this.#places = new Places(options.maxClients, options.maxClientsPerAddress);
    this.#failed = new FailedKeys(options.name, context);
    this.#room = new WaitingRoom(() => this.#rejected());
  }

  /** The server, which does not listen yet. @throws FDP_REFUSED when the files of `tls` can't be used */
  makeServer(): Server {
    const { tls } = this.#options;
    const encrypted = (files: object) => createTlsServer({ ...limits, ...files }, answer);
    const server = tls ? tls.serve(encrypted, () => this.#rejected()) : createServer(limits, answer);
    server.timeout = idleMs;
    server.prependListener('connection', (socket: Socket) => this.#room.enter(socket));
    return server;
  }

  /** Why a request is refused: the status line and what follows it; or what gives its place back once its client has gone. */
  judge({ url = '/', headers, socket }: IncomingMessage): string | (() => void) {
    const { origins, token } = this.#options;
    // Programs send no Origin header. Browsers do, and let any open page connect to this machine.
    if (headers.origin !== undefined && !origins.includes(headers.origin)) return '403 Forbidden';
    const waits = this.#failed.waitOf(socket.remoteAddress);
    const given = new URLSearchParams(url.split('?')[1]).get('token') ?? '';
    if (waits !== undefined || !isSame(given, token)) {
      this.#rejected();
      this.#failed.failed(socket.remoteAddress);
      return waits === undefined ? '401 Unauthorized' : `429 Too Many Requests\r\nRetry-After: ${waits}`;
    }
    const place = this.#places.take(socket.remoteAddress);
    if (typeof place === 'string') return '429 Too Many Requests';
    this.#room.leave(socket);
    return place;
  }

  /** Disconnects those who have not asked yet. */
  endWaiting(): void {
    this.#room.end();
  }

  #rejected(): void {
    this.#context.node.count('rejected_clients');
  }
}

/** Compares in a time that says nothing of the token, nor how long it is. */
function isSame(given: string, expected: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(given), hash(expected));
}
