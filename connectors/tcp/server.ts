import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { errorText } from '../../src/errors.ts';
import { networkOf } from '../../src/kit/client-network.ts';
import { isGapMessage } from '../../src/kit/gap-message.ts';
import { toJson } from '../../src/kit/json.ts';
import type { Keys } from '../../src/kit/keys.ts';
import { type LimitedLog, limited } from '../../src/kit/limited-log.ts';
import { listen } from '../../src/kit/listen.ts';
import type { Message } from '../../src/kit/message.ts';
import { Places } from '../../src/kit/places.ts';
import type { Proven } from '../../src/kit/proven.ts';
import type { ConnectOptions, RoleContext } from '../../src/kit/role.ts';
import type { Receipt, Sink } from '../../src/kit/sink.ts';
import type { ServerTls } from '../../src/kit/tls.ts';
import { WaitingRoom } from '../../src/kit/waiting-room.ts';
import { Admissions } from './admissions.ts';
import { type Line, Outlet } from './outlet.ts';

interface TcpServerOptions {
  readonly name: string;
  readonly address: string;
  readonly key: string;
  readonly clientBuffer: number;
  readonly clientTimeoutMs: number;
  readonly maxClients: number;
  /** Of one address; undefined: all of them. */
  readonly maxClientsPerAddress: number | undefined;
  /** Of this connector, in this process. */
  readonly proven: Proven;
  /** Whom it sends to; undefined: everybody. */
  readonly keys: Keys | undefined;
  /** Undefined: not encrypted. */
  readonly tls: ServerTls | undefined;
}

/** How long `close` waits for clients that are still reading. */
const flushMs = 1000;
const keepAliveMs = 30_000;
/** At most one line per this time about refused clients, ms. */
const refusalLogMs = 10_000;

/**
 * The sink role: every message to every client, one JSON object per line. A write is settled when its lines are in the
 * buffer of every connected client, so it never waits for one. See `Outlet` for what a slow client gets, and `Admissions` for
 * clients with keys; what else clients send is dropped. Counts `skipped_lines`, `stalled_clients`, `refused_clients`,
 * `rejected_clients`; gauge `clients`.
 */
export class TcpServer implements Sink {
  readonly ordered = true;
  readonly #context: RoleContext;
  readonly #options: TcpServerOptions;
  readonly #clients = new Map<Socket, Outlet>();
  readonly #places: Places;
  readonly #room: WaitingRoom;
  readonly #refusals: LimitedLog;
  readonly #admissions: Admissions | undefined;
  #server: Server | undefined;
  #closed: Promise<void> | undefined;

  constructor(context: RoleContext, options: TcpServerOptions) {
    this.#context = context;
    this.#options = options;
    const { keys, name, maxClients, maxClientsPerAddress } = options;
    this.#places = new Places(maxClients, maxClientsPerAddress);
    this.#room = new WaitingRoom(() => context.node.count('rejected_clients'));
    this.#refusals = limited(context.log, context.clock, refusalLogMs);
    this.#admissions = keys && new Admissions({ keys, context, name });
  }

  /** Opens the port. @throws what `listen` throws, FDP_REFUSED when the files of `tls` or `keys` can't be used */
  async connect(signal: AbortSignal, options?: ConnectOptions): Promise<void> {
    const { name, address, proven, keys, tls } = this.#options;
    const { log, node } = this.#context;
    keys?.open();
    const server = this.#makeServer();
    this.#server = server;
    const protection = { keys: keys !== undefined, tls: tls !== undefined };
    await listen(server, { name, address, log, options, proven, protection }, signal);
    server.on('error', (error) => log.warn({ error: errorText(error) }, `${name}: failed to accept a client`));
    node.gauge('clients', 0);
  }

  #makeServer(): Server {
    const { tls } = this.#options;
    const options = { noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs };
    const admissions = this.#admissions;
    const welcome = (socket: Socket) => this.#welcome(socket);
    const meet = admissions ? (socket: Socket) => admissions.take(socket, () => welcome(socket)) : welcome;
    const encrypted = (files: object) => createTlsServer({ ...options, ...files }, meet);
    const refused = () => this.#context.node.count('rejected_clients');
    const server = tls ? tls.serve(encrypted, refused) : createServer(options, meet);
    // Before what lets it in.
    server.prependListener('connection', (socket: Socket) => this.#room.enter(socket));
    return server;
  }

  async write(messages: readonly Message[]): Promise<Receipt> {
    const failed = new Map<number, Error>();
    const written: Message[] = [];
    const texts: string[] = [];
    for (let index = 0; index < messages.length; index++) {
      const message = messages[index] as Message;
      try {
        texts.push(`${toJson(message.value, this.#options.name)}\n`);
        written.push(message);
      } catch (error) {
        failed.set(index, error as Error);
      }
    }
    if (this.#clients.size > 0 && texts.length > 0) {
      const joined = Buffer.from(texts.join(''));
      let made: readonly Line[] | undefined;
      const lines = () => {
        made ??= texts.map((text, index) => this.#line(written[index] as Message, text));
        return made;
      };
      for (const outlet of this.#clients.values()) outlet.send({ lines, joined });
    }
    return failed.size > 0 ? { failed } : {};
  }

  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  async #end(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    this.#room.end();
    const ended = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const [socket, outlet] of this.#clients) {
      outlet.flush();
      socket.destroySoon();
    }
    const patience = new AbortController();
    const { clock } = this.#context;
    await Promise.race([ended, clock.sleep(flushMs, patience.signal)]);
    patience.abort();
    for (const socket of this.#clients.keys()) socket.destroy();
    this.#refusals.flush();
    this.#options.tls?.end();
    await ended;
  }

  #line({ key, value }: Message, text: string): Line {
    const own = key ?? fieldText(value, this.#options.key);
    // No later line says what a gap message does: a slow client gets each.
    const unique = isGapMessage(value) ? `${own} ${text}` : own;
    return { key: unique, text, size: Buffer.byteLength(text) };
  }

  #welcome(socket: Socket): void {
    this.#room.leave(socket);
    const place = this.#places.take(socket.remoteAddress);
    if (typeof place === 'string') this.#refuse(socket, place);
    else this.#serve(socket, place);
  }

  #serve(socket: Socket, leave: () => void): void {
    const { node, log } = this.#context;
    const { name, clientBuffer, clientTimeoutMs } = this.#options;
    const client = `${socket.remoteAddress} port ${socket.remotePort}`;
    let isSlow = false;
    const taken = () => outlet.taken();
    const pipe = {
      pending: () => socket.writableLength,
      write: (bytes: Buffer) => void socket.write(bytes, taken),
    };
    const outlet = new Outlet(pipe, clientBuffer, (lines) => {
      node.count('skipped_lines', lines);
      if (isSlow) return;
      isSlow = true;
      log.warn({ client }, `${name}: ${client} reads too slowly: it gets the latest line of each ${this.#options.key}`);
    });
    this.#clients.set(socket, outlet);
    node.gauge('clients', this.#clients.size);
    // Only reading shows that a client has disconnected; a reset is a normal way to do so.
    socket.resume();
    socket.on('error', (error) => log.debug({ client, error: errorText(error) }, `${name}: lost a client`));
    // The timer restarts whenever the client receives bytes, also parts of a write.
    socket.setTimeout(clientTimeoutMs);
    socket.on('timeout', () => {
      if (socket.writableLength === 0) return;
      node.count('stalled_clients');
      log.warn({ client }, `${name}: ${client} has not read for ${clientTimeoutMs} ms and is disconnected`);
      socket.destroy();
    });
    socket.on('close', () => {
      this.#clients.delete(socket);
      leave();
      node.gauge('clients', this.#clients.size);
      log.debug({ client }, `${name}: a client disconnected`);
    });
    log.debug({ client }, `${name}: a client connected`);
  }

  #refuse(socket: Socket, place: 'all' | 'address'): void {
    const { name, maxClients, maxClientsPerAddress } = this.#options;
    this.#context.node.count('refused_clients');
    const [most, of] =
      place === 'all' ? [maxClients, ''] : [maxClientsPerAddress, ` of ${networkOf(socket.remoteAddress ?? '')}`];
    this.#refusals.warn(of, { clients: most }, `${name}: ${most} clients${of} are connected: others are refused`);
    socket.on('error', () => {});
    socket.destroy();
  }
}

function fieldText(value: unknown, field: string): string {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, field)) return '';
  return String((value as Readonly<Record<string, unknown>>)[field]);
}
