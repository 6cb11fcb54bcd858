import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { RoleContext } from '../../src/kit/role.ts';
import { Processes } from '../shared/status/processes.ts';
import { notNow, type Refusal } from './answer.ts';
import type { Prices, Snapshot } from './prices.ts';
import { withoutConnections } from './shown-report.ts';

interface StreamOptions {
  readonly prices: Prices;
  /** Streams at once. */
  readonly maxStreams: number;
  /** A client that receives nothing for this long is disconnected, ms. */
  readonly clientTimeoutMs: number;
}

interface Client {
  readonly response: ServerResponse;
  readonly socket: Socket;
  /** It gets the options of connectors. */
  readonly isAdmin: boolean;
  /** The last snapshot sent to it; undefined before the first. */
  number: number | undefined;
  /** Since when it has been behind, on the monotonic clock; undefined while it keeps up. */
  behindSince: number | undefined;
}

/** How often the status is sent, and how many times until the next comment. */
const statusMs = 1000;
const beatsPerComment = 15;
/** How long a browser waits before it connects again, ms. */
const retryMs = 2000;
/** While more than this is buffered for a client, it gets nothing new; missed changes are merged afterwards. */
const mostWaiting = 64 * 1024;
/** A client with this much buffered is disconnected. */
const tooMuchWaiting = 1024 * 1024;

/**
 * `GET /api/v1/stream`: Server-Sent Events for pages, one connection each. Event `prices` is numbered, and a
 * browser that reconnects with `Last-Event-ID` gets what it missed, or everything; event `status` is sent once a
 * second. A client that reads too slowly gets merged changes, and is disconnected if it receives nothing at all. Counts
 * `slow_streams`; gauge `streams_open`. Idle while no client is connected.
 */
export class Streams {
  readonly #context: RoleContext;
  readonly #options: StreamOptions;
  readonly #clients = new Set<Client>();
  readonly #processes: Processes;
  /** The last event `status`; empty before the first. */
  #status = { full: '', plain: '' };
  #beats = 0;
  #stop: (() => void) | undefined;

  constructor(context: RoleContext, options: StreamOptions) {
    this.#context = context;
    this.#options = options;
    this.#processes = new Processes(context);
  }

  /** Accepts a client that has the events up to `lastEventId`, or returns why not. `isAdmin`: it may see how connectors are set. */
  open(response: ServerResponse, lastEventId: unknown, isAdmin = true): Refusal | undefined {
    const { maxStreams } = this.#options;
    const { socket } = response.req;
    for (const client of this.#clients)
      if (client.socket === socket)
        return notNow('FDP_BUSY', 'this connection has an endless stream: use another connection');
    if (this.#clients.size >= maxStreams)
      return notNow('FDP_BUSY', `${maxStreams} streams are open already: close a page, or raise max_streams`);
    response.writeHead(200, streamHeaders);
    if (response.req.method === 'HEAD') {
      response.end();
      return undefined;
    }
    // The time limits of requests do not apply here: a dead or stuck client is detected by its buffer.
    response.socket?.setTimeout(0);
    response.socket?.setKeepAlive(true, 30_000);
    response.write(`retry: ${retryMs}\n\n`);
    const number = this.#numberOf(lastEventId);
    const client: Client = { response, socket, isAdmin, number, behindSince: undefined };
    this.#clients.add(client);
    response.on('close', () => this.#forget(client));
    this.#send(client);
    this.#start();
    const status = this.#statusFor(client);
    if (status) response.write(status);
    this.#count();
    return undefined;
  }

  /** Whether the connection is closed: one that was queued behind another reply has no event for it. */
  forget(socket: Socket): void {
    for (const client of this.#clients) if (client.socket === socket) this.#forget(client);
  }

  /** Ends all streams; browsers reconnect by themselves. */
  end(): void {
    for (const { response } of this.#clients) response.end();
  }

  #start(): void {
    if (this.#stop) return;
    const stopListening = this.#options.prices.listen((snapshot) => {
      const event = this.#eventOf(snapshot);
      for (const client of this.#clients) this.#send(client, { number: snapshot.number, event });
    });
    let cancel = () => {};
    const beat = () => {
      cancel = this.#context.clock.timer(statusMs, beat);
      this.#beat();
    };
    this.#stop = () => {
      cancel();
      stopListening();
    };
    beat();
  }

  #beat(): void {
    this.#beats++;
    const comment = this.#beats % beatsPerComment === 0 ? ':\n\n' : '';
    void this.#processes.ask().then(({ at, reports, problem }) => {
      const replay = this.#context.platform?.replay?.state();
      const eventOf = (processes: readonly object[]) =>
        `event: status\ndata: ${JSON.stringify({ at, processes, error: problem?.text, ...(replay && { replay }) })}\n\n`;
      this.#status = { full: eventOf(reports), plain: eventOf(reports.map(withoutConnections)) };
      for (const client of this.#clients)
        if (this.#send(client)) client.response.write(comment + this.#statusFor(client));
    });
  }

  /** Sends a client the changes that it does not have; false if it can't take anything now. */
  #send(client: Client, newest?: { readonly number: number; readonly event: string }): boolean {
    if (!this.#keepsUp(client)) return false;
    const { prices } = this.#options;
    if (newest && client.number === newest.number - 1) {
      client.number = newest.number;
      client.response.write(newest.event);
      return true;
    }
    const missed = client.number === undefined ? prices.full() : prices.since(client.number);
    if (missed) {
      client.number = missed.number;
      client.response.write(this.#eventOf(missed));
    }
    return true;
  }

  #keepsUp(client: Client): boolean {
    const { response } = client;
    if (response.writableEnded || response.destroyed) return false;
    if (response.writableLength <= mostWaiting) {
      client.behindSince = undefined;
      return true;
    }
    const now = this.#context.clock.monotonic();
    client.behindSince ??= now;
    const isStuck = now - client.behindSince > this.#options.clientTimeoutMs;
    if (!isStuck && response.writableLength <= tooMuchWaiting) return false;
    this.#context.node.count('slow_streams');
    response.destroy();
    return false;
  }

  #forget(client: Client): void {
    this.#clients.delete(client);
    this.#count();
    if (this.#clients.size > 0) return;
    this.#stop?.();
    this.#stop = undefined;
    this.#status = { full: '', plain: '' };
  }

  #statusFor({ isAdmin }: Client): string {
    return isAdmin ? this.#status.full : this.#status.plain;
  }

  #count(): void {
    this.#context.node.gauge('streams_open', this.#clients.size);
  }

  #eventOf({ number, full, symbols }: Snapshot): string {
    const data = JSON.stringify({ at: this.#context.clock.now(), full, symbols });
    return `id: ${this.#options.prices.tag}-${number}\nevent: prices\ndata: ${data}\n\n`;
  }

  /** The snapshot after which a browser continues; undefined for the id of another process. */
  #numberOf(lastEventId: unknown): number | undefined {
    const [tag, number = ''] = String(lastEventId ?? '').split('-');
    return tag === this.#options.prices.tag && /^\d{1,15}$/.test(number) ? Number(number) : undefined;
  }
}

const streamHeaders = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-store, no-transform',
  // Tells buffering proxies not to buffer this response.
  'X-Accel-Buffering': 'no',
} as const;
