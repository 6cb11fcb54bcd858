import { once } from 'node:events';
import { type WebSocket, WebSocketServer } from 'ws';
import { symbolNames } from './market.ts';

/** A local WebSocket server that speaks Finnhub's protocol, for one client. */
export class Feed {
  readonly url: string;
  readonly #server: WebSocketServer;
  #client: WebSocket | undefined;

  private constructor(server: WebSocketServer) {
    this.#server = server;
    this.url = `ws://127.0.0.1:${(server.address() as { readonly port: number }).port}`;
    server.on('connection', (socket) => {
      socket.on('error', () => {});
      socket.on('message', () => {
        this.#client = socket; // it has subscribed: it listens
      });
    });
  }

  static async open(): Promise<Feed> {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    return new Feed(server);
  }

  /** Resolves when a client has subscribed. */
  async subscribed(): Promise<void> {
    while (this.#client === undefined) await new Promise((resolve) => setTimeout(resolve, 10));
    await new Promise((resolve) => setTimeout(resolve, 1500)); // until it has subscribed to all: ten symbols a second
  }

  /** Sends a frame of trades from the given number on; the time of each is its number. */
  send(from: number, trades: number): void {
    this.#client?.send(frame(from, trades));
  }

  /** Sends frames as fast as the client takes them. */
  async flood(frames: number, tradesEach: number): Promise<void> {
    for (let number = 0; number < frames; number++) {
      this.send(number * tradesEach, tradesEach);
      while ((this.#client?.bufferedAmount ?? 0) > 1e6) await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  close(): void {
    for (const client of this.#server.clients) client.terminate();
    this.#server.close();
  }
}

/** The time of trade number 0. */
export const firstTime = Date.UTC(2025, 10, 20, 14, 30);
const names = symbolNames(6);

function frame(from: number, trades: number): string {
  const symbol = names[Math.floor(from / trades) % names.length];
  const data = Array.from({ length: trades }, (_unused, index) => ({
    p: 100 + ((from + index) % 977) / 100,
    s: symbol,
    t: firstTime + from + index,
    v: 1 + ((from + index) % 400),
    c: ['1'],
  }));
  return JSON.stringify({ type: 'trade', data });
}
