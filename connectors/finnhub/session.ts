import { WebSocket } from 'ws';
import { type Clock, linkedAbort } from '../../src/engine/clock.ts';
import { FdpError } from '../../src/errors.ts';
import { connectionError, refusal } from './handshake.ts';

export interface SessionOptions {
  readonly clock: Clock;
  /** The connector's name, for messages. */
  readonly name: string;
  readonly url: string;
  readonly token: string;
  readonly handshakeMs: number;
  readonly watchdogMs: number;
  /** Bytes. */
  readonly maxFrame: number;
  opened(): void;
  frame(bytes: Buffer): void;
}

/** How a session ended. */
export interface SessionEnd {
  readonly error: FdpError;
  /** How long it was open; undefined when it never was. */
  readonly openMs: number | undefined;
  /** Since the last sign of life, ms: what was silent before the end may be missing. */
  readonly silentMs: number;
}

/** After a polite close the other side has that long to agree. */
const goodbyeMs = 1000;

/**
 * One connection, from its handshake to its end. The token goes into the address and nowhere else: no error names it.
 * A connection on which nothing was heard for `watchdogMs` is cut: a half-open socket and a frame that never ends give
 * no other sign.
 */
export class Session {
  readonly ended: Promise<SessionEnd>;
  /** Aborts at the end. */
  readonly over: AbortSignal;
  readonly #options: SessionOptions;
  readonly #socket: WebSocket;
  readonly #host: string;
  readonly #over = linkedAbort().controller;
  #openedAt: number | undefined;
  #heardAt: number;
  #error: FdpError | undefined;
  #watchdog: () => void;

  constructor(options: SessionOptions) {
    const { clock, url, token, maxFrame } = options;
    const address = new URL(url);
    address.searchParams.set('token', token);
    this.#options = options;
    this.#host = address.host;
    this.over = this.#over.signal;
    this.#heardAt = clock.monotonic();
    this.#socket = new WebSocket(address, { perMessageDeflate: false, maxPayload: maxFrame, followRedirects: false });
    this.#watchdog = clock.timer(options.handshakeMs, () =>
      this.cut(this.#lost(`${this.#host} did not answer within ${options.handshakeMs} ms`)),
    );
    this.ended = this.#follow();
  }

  send(value: unknown): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(value));
  }

  /** Stops or goes on reading from the socket. While it is stopped, silence is no fault. */
  pause(paused: boolean): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    if (paused) this.#socket.pause();
    else this.#socket.resume();
    this.#heardAt = this.#options.clock.monotonic();
  }

  /** Says goodbye; frames that are still under way are not read any more. */
  close(): void {
    this.#error ??= new FdpError('FDP_CLOSED', `${this.#options.name}: stopped`);
    this.#socket.removeAllListeners('message');
    if (this.#socket.readyState === WebSocket.OPEN) {
      this.#socket.close(1000);
      this.#watch(goodbyeMs, () => this.#socket.terminate());
    } else this.#socket.terminate();
  }

  /** Ends the connection at once, for this reason. */
  cut(error: FdpError): void {
    this.#error ??= error;
    this.#socket.terminate();
  }

  #follow(): Promise<SessionEnd> {
    const socket = this.#socket;
    socket.on('open', () => this.#opened());
    socket.on('unexpected-response', (_request, response) => {
      this.cut(refusal(this.#options.name, this.#host, response));
      response.destroy();
    });
    socket.on('error', (error) => {
      this.#error ??= connectionError(this.#options.name, this.#host, error);
    });
    return new Promise((resolve) => {
      socket.on('close', (code) => {
        this.#watchdog();
        this.#over.abort();
        const now = this.#options.clock.monotonic();
        resolve({
          error: this.#error ?? this.#lost(`${this.#host} closed the connection (${code})`),
          openMs: this.#openedAt === undefined ? undefined : now - this.#openedAt,
          silentMs: now - this.#heardAt,
        });
      });
    });
  }

  #opened(): void {
    this.#openedAt = this.#options.clock.monotonic();
    this.#heard();
    this.#socket.on('message', (data) => {
      this.#heard();
      this.#options.frame(data as Buffer);
    });
    this.#socket.on('ping', () => this.#heard());
    this.#watch(this.#options.watchdogMs, () => this.#bark());
    this.#options.opened();
  }

  #heard(): void {
    this.#heardAt = this.#options.clock.monotonic();
  }

  /** One timer for the whole time: it looks when the last frame came, and sleeps for the rest. */
  #bark(): void {
    const { clock, watchdogMs } = this.#options;
    if (this.#socket.isPaused) this.#heard();
    const left = this.#heardAt + watchdogMs - clock.monotonic();
    if (left > 0) this.#watch(left, () => this.#bark());
    else this.cut(this.#lost(`${this.#host} was silent for ${watchdogMs} ms`));
  }

  #watch(ms: number, fn: () => void): void {
    this.#watchdog();
    this.#watchdog = this.#options.clock.timer(ms, fn);
  }

  #lost(text: string): FdpError {
    return new FdpError('FDP_CONNECTION_LOST', text);
  }
}
