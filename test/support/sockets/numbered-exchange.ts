import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { eventually } from '../cli/platform.ts';

/** How a connection is ended. */
export type Disconnect =
  /** The stream ends right after the last frame, without a close frame. */
  | 'end'
  /** The connection breaks in the middle of a frame. */
  | 'torn'
  /** The connection is reset after the client has answered a ping, and so has read everything before it. */
  | 'reset';

/**
 * A server that speaks Finnhub's protocol, numbers its trades (their volume is the number) and knows which of them it
 * has delivered completely on an open connection.
 */
export class NumberedExchange implements AsyncDisposable {
  /** Numbers of the trades that were sent and can't have been lost in transit. */
  readonly delivered: number[] = [];
  /** When each connection was opened, monotonic ms. */
  readonly openedAt: number[] = [];
  readonly #symbols: readonly string[];
  readonly #server: WebSocketServer;
  #client: WebSocket | undefined;
  #subscribed = new Set<string>();
  #number: number;

  private constructor(server: WebSocketServer, symbols: readonly string[], after: number) {
    this.#server = server;
    this.#symbols = symbols;
    this.#number = after;
    server.on('connection', (client) => this.#welcome(client));
  }

  /** @param after the last number that was used by another exchange */
  static async open(symbols: readonly string[], after = 0): Promise<NumberedExchange> {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    return new NumberedExchange(server, symbols, after);
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#server.clients) client.terminate();
    this.#server.close();
    await once(this.#server, 'close');
  }

  /** Waits until a client has subscribed to every symbol on the current connection. */
  async subscribed(): Promise<void> {
    await eventually('a client that has subscribed', async () => this.#subscribed.size === this.#symbols.length);
  }

  /** Sends frames of a few trades each. */
  async sendTrades(frames: number): Promise<void> {
    for (let frame = 0; frame < frames; frame++) {
      const numbers = Array.from({ length: 1 + (frame % 4) }, () => ++this.#number);
      const data = numbers.map((v) => ({
        s: this.#symbols[v % this.#symbols.length],
        p: 1.5,
        t: 1763645598585 + v,
        v,
      }));
      await this.send(JSON.stringify({ type: 'trade', data }));
      this.delivered.push(...numbers);
    }
  }

  /** Sends one frame with any content; resolves when the operating system has accepted it. */
  async send(frame: string | Uint8Array): Promise<void> {
    const client = this.#client;
    if (!client) throw new Error('nobody is connected');
    await new Promise<void>((resolve, reject) => client.send(frame, (error) => (error ? reject(error) : resolve())));
  }

  async disconnect(how: Disconnect): Promise<void> {
    const client = this.#client;
    if (!client) throw new Error('nobody is connected');
    const socket = (client as unknown as { readonly _socket: Socket })._socket;
    if (how === 'reset') {
      client.ping();
      await once(client, 'pong');
    }
    const closed = once(client, 'close');
    this.#client = undefined;
    this.#subscribed = new Set();
    if (how === 'torn') socket.write(Buffer.concat([Buffer.from([0x81, 126, 0, 126]), Buffer.from('{"ty')]));
    if (how === 'reset') socket.resetAndDestroy();
    else socket.end();
    await closed;
  }

  #welcome(client: WebSocket): void {
    this.openedAt.push(performance.now());
    this.#client = client;
    this.#subscribed = new Set();
    client.on('error', () => {});
    client.on('message', (text) => {
      const { type, symbol } = JSON.parse(String(text));
      if (type === 'subscribe' && client === this.#client) this.#subscribed.add(symbol);
    });
  }
}
