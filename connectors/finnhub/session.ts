import { WebSocket } from 'ws';
import { FdpError } from '../../src/errors.ts';
import { type Clock, linkedAbort } from '../../src/kit/clock.ts';
import { foreignText } from '../../src/kit/text.ts';
import { type Asked, connectionError, refusal } from './handshake.ts';

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
  /** The other side has given a sign of life: all that it sent before has come. */
  alive(): void;
  frame(bytes: Buffer): void;
}

/** How a session ended. */
export interface SessionEnd {
  readonly error: FdpError;
  /** How long it was open; undefined when it never was. */
  readonly openMs: number | undefined;
  /** The other side closed the connection normally. */
  readonly isPolite: boolean;
}

/** After a polite close the other side has that long to agree. */
const goodbyeMs = 1000;
/** A silent server is pinged, and has this long to answer. */
const pongMs = 10_000;
/** What of a server's reason to close is shown, characters. */
const shownReason = 125;

/**
 * One connection, from its handshake to its end. The token goes into the address and nowhere else: no error names it.
 * A connection on which nothing came for `watchdogMs` gets a WebSocket ping, and is closed when that is not answered: there
 * is no other sign of a half-open socket, or of a frame that never ends.
 */
export class Session {
  readonly ended: Promise<SessionEnd>;
  /** Aborts at the end. */
  readonly over: AbortSignal;
  readonly #options: SessionOptions;
  readonly #socket: WebSocket;
  readonly #asked: Asked;
  readonly #over = linkedAbort().controller;
  #openedAt: number | undefined;
  #heardAt: number;
  #isPinged = false;
  #error: FdpError | undefined;
  #watchdog: () => void;

  constructor(options: SessionOptions) {
    const { clock, name, url, token, maxFrame } = options;
    const address = new URL(url);
    address.searchParams.set('token', token);
    this.#options = options;
    this.#asked = { name, host: address.host, maxFrame };
    this.over = this.#over.signal;
    this.#heardAt = clock.monotonic();
    this.#socket = new WebSocket(address, { perMessageDeflate: false, maxPayload: maxFrame, followRedirects: false });
    this.#watchdog = clock.timer(options.handshakeMs, () =>
      this.disconnect(this.#lost(`${address.host} did not answer within ${options.handshakeMs} ms`)),
    );
    this.ended = this.#follow();
  }

  send(value: object): void {
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
  disconnect(error: FdpError): void {
    this.#error ??= error;
    this.#socket.terminate();
  }

  #follow(): Promise<SessionEnd> {
    const socket = this.#socket;
    const { token } = this.#options;
    socket.on('open', () => this.#opened());
    socket.on('unexpected-response', (_request, response) => {
      this.disconnect(refusal(this.#asked, response, this.#options.clock.now()));
      response.destroy();
    });
    socket.on('error', (error) => {
      this.#error ??= connectionError(this.#asked, error);
    });
    return new Promise((resolve) => {
      socket.on('close', (code, reason) => {
        this.#watchdog();
        this.#over.abort();
        resolve({
          error:
            this.#error ??
            this.#lost(
              `${this.#asked.host} closed the connection (${closeText(code, reason.toString().replaceAll(token, '***'))})`,
            ),
          openMs: this.#openedAt === undefined ? undefined : this.#options.clock.monotonic() - this.#openedAt,
          isPolite: this.#error === undefined && isGoodbye(code),
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
    this.#socket.on('pong', () => this.#heard());
    this.#watch(this.#options.watchdogMs, () => this.#bark());
    this.#options.opened();
  }

  #heard(): void {
    this.#unasked();
    this.#options.alive();
  }

  /** The watchdog begins again. */
  #unasked(): void {
    this.#heardAt = this.#options.clock.monotonic();
    this.#isPinged = false;
  }

  /** One timer for the whole session: it checks when the last frame came, and sleeps for the rest. */
  #bark(): void {
    const { clock, watchdogMs } = this.#options;
    if (this.#socket.isPaused) this.#unasked();
    const left = this.#heardAt + watchdogMs - clock.monotonic();
    if (left > 0) this.#watch(left, () => this.#bark());
    else if (this.#isPinged)
      this.disconnect(this.#lost(`${this.#asked.host} was silent for ${watchdogMs} ms and did not respond to a ping`));
    else {
      this.#isPinged = true;
      this.#socket.ping();
      this.#watch(Math.min(pongMs, watchdogMs), () => this.#bark());
    }
  }

  #watch(ms: number, fn: () => void): void {
    this.#watchdog();
    this.#watchdog = this.#options.clock.timer(ms, fn);
  }

  #lost(text: string): FdpError {
    return new FdpError('FDP_CONNECTION_LOST', text);
  }
}

/** Of those codes that a server may close with: not that we broke the protocol, and not that it is in trouble itself. */
function isGoodbye(code: number): boolean {
  return code === 1000 || code === 1005 || code === 1008 || code >= 3000;
}

function closeText(code: number, reason: string): string {
  return reason === '' ? String(code) : `${code}: ${foreignText(reason, shownReason)}`;
}
