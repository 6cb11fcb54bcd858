import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { FdpError } from '../../src/errors.ts';
import { listen } from '../../src/kit/listen.ts';
import type { Message } from '../../src/kit/message.ts';
import type { Proven } from '../../src/kit/proven.ts';
import type { ConnectOptions, RoleContext } from '../../src/kit/role.ts';
import type { Receipt, Sink } from '../../src/kit/sink.ts';
import { durationMs } from '../../src/kit/units.ts';
import { Client } from './client.ts';
import { type FaultOptions, Faults } from './faults.ts';
import { Gate, type GateOptions } from './gate.ts';
import { isTradeFrame, readAsk, type TradeFrame } from './protocol.ts';

export interface SimulatedExchangeOptions extends GateOptions {
  readonly address: string;
  readonly pingMs: number;
  /** Bytes. */
  readonly clientBuffer: number;
  readonly maxSymbols: number;
  readonly control: boolean;
  readonly faults: FaultOptions;
  /** Of this connector, in this process. */
  readonly proven: Proven;
}

/** A larger message of a client ends its connection. */
const maxAsk = 16 * 1024;
const goodbyeMs = 500;

/**
 * The sink role. A write is done when it is in the buffer of every client that wants it: a client that does not
 * read is disconnected, and delays no other. Counts `clients` (now), `frames_sent`, `slow_clients_cut`, `faults`, and what
 * `Gate` counts.
 */
export class SimulatedExchange implements Sink {
  readonly ordered = true;
  readonly #context: RoleContext;
  readonly #options: SimulatedExchangeOptions;
  readonly #faults: Faults;
  readonly #clients = new Set<Client>();
  readonly #gate: Gate;
  readonly #upgrades = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: maxAsk,
    autoPong: false,
  });
  #stopPings: () => void = () => {};
  #closing: Promise<void> | undefined;
  #http: Server | undefined;
  #port = 0;

  constructor(context: RoleContext, options: SimulatedExchangeOptions) {
    this.#context = context;
    this.#options = options;
    this.#faults = new Faults(options.faults, context);
    this.#gate = new Gate(options, context);
  }

  /** The port it listens on, after `connect`. */
  get port(): number {
    return this.#port;
  }

  async connect(signal: AbortSignal, options?: ConnectOptions): Promise<void> {
    const { name, address, proven, tls } = this.#options;
    const protection = { keys: true, tls: tls !== undefined };
    const listening = { name, address, log: this.#context.log, options, proven, protection };
    const server = this.#gate.makeServer();
    server.on('upgrade', (request, stream, head) => this.#upgrade(request, stream, head));
    this.#http = server;
    this.#port = await listen(server, listening, signal);
    this.#context.node.gauge('clients', 0);
    this.#ping();
  }

  async write(messages: readonly Message[]): Promise<Receipt> {
    const failed = new Map<number, Error>();
    messages.forEach((message, index) => {
      try {
        if (isTradeFrame(message.value)) this.#give(message.value);
        else throw new FdpError('FDP_MESSAGE_REFUSED', `${this.#options.name}: expected a frame of trades`);
      } catch (error) {
        failed.set(index, error as Error);
      }
    });
    this.#cutTheSlow();
    // Sockets are written between turns: without a turn, a fast topology would outrun every client.
    await this.#context.clock.turn();
    return failed.size > 0 ? { failed } : {};
  }

  /** Closes the clients' connections and waits for them, at most half a second. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#stopPings();
    for (const client of this.#clients) client.close();
    const cancel = this.#context.clock.timer(goodbyeMs, () => {
      for (const client of this.#clients) client.terminate();
    });
    const server = this.#http;
    if (server?.listening) {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      this.#gate.endWaiting();
      await closed;
    }
    cancel();
    this.#options.tls?.end();
  }

  #give(frame: TradeFrame): void {
    const { node } = this.#context;
    const mishap = this.#faults.next();
    if (mishap.garbage !== undefined || mishap.duplicate || mishap.late > 0 || mishap.silence) node.count('faults');
    if (!mishap.silence)
      for (const client of this.#clients) {
        if (mishap.garbage !== undefined) client.send(mishap.garbage);
        node.count('frames_sent', client.give(frame, { copies: mishap.duplicate ? 2 : 1, late: mishap.late }));
      }
    if (mishap.disconnect) this.#disconnectAll();
  }

  #disconnectAll(): void {
    this.#context.node.count('faults');
    for (const client of this.#clients) client.disconnect();
    this.#clients.clear();
  }

  #cutTheSlow(): void {
    const { node, log } = this.#context;
    const { name, clientBuffer } = this.#options;
    for (const client of this.#clients) {
      if (client.buffered <= clientBuffer) continue;
      node.count('slow_clients_cut');
      log.warn({ buffered: client.buffered }, `${name}: disconnected a client that does not read`);
      this.#clients.delete(client);
      client.terminate();
    }
  }

  #ping(): void {
    if (!this.#faults.lasts('silence')) for (const client of this.#clients) client.send('{"type":"ping"}');
    this.#stopPings = this.#context.clock.timer(this.#options.pingMs, () => this.#ping());
  }

  #upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    stream.on('error', () => stream.destroy());
    const judged = this.#closing || this.#faults.lasts('cut') ? '503 Service Unavailable' : this.#gate.judge(request);
    if (typeof judged === 'string') {
      stream.end(`HTTP/1.1 ${judged}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    stream.once('close', judged);
    this.#upgrades.handleUpgrade(request, stream, head, (socket) => this.#welcome(socket, stream as Socket));
  }

  #welcome(socket: WebSocket, stream: Socket): void {
    const { node, log } = this.#context;
    const client = new Client(socket, stream);
    this.#clients.add(client);
    node.gauge('clients', this.#clients.size);
    socket.on('message', (data) => this.#answer(client, String(data)));
    socket.on('ping', (data) => {
      if (!this.#faults.lasts('silence')) socket.pong(data);
    });
    socket.on('error', (error) => log.debug({ err: error }, `${this.#options.name}: a client sent an invalid frame`));
    socket.on('close', () => {
      this.#clients.delete(client);
      node.gauge('clients', this.#clients.size);
    });
  }

  #answer(client: Client, text: string): void {
    const { maxSymbols, control } = this.#options;
    const ask = readAsk(text);
    if (ask.kind === 'subscribe') {
      if (client.symbols.size < maxSymbols || client.symbols.has(ask.symbol)) client.symbols.add(ask.symbol);
      else client.send(errorFrame('Subscribing to too many symbols'));
    } else if (ask.kind === 'unsubscribe') client.symbols.delete(ask.symbol);
    else if (ask.kind === 'fault' && control) {
      if (ask.for !== undefined || ask.fault !== 'cut') this.#faults.ask(ask.fault, durationMs(ask.for ?? '1s'));
      if (ask.fault === 'cut') this.#disconnectAll();
    } else client.send(errorFrame(ask.kind === 'mistake' ? ask.text : 'Faults are not allowed here'));
  }
}

function errorFrame(msg: string): string {
  return JSON.stringify({ type: 'error', msg });
}
