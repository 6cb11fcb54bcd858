import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

/** A TCP server that sends the test's lines to all its clients, in place of a VWAP feed. */
export class LineFeed {
  readonly port: number;
  readonly #server: Server;
  readonly #clients = new Set<Socket>();
  #pump: NodeJS.Timeout | undefined;
  /** Number of lines sent by `pump`. */
  pumped = 0;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
    server.on('connection', (socket) => {
      this.#clients.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => this.#clients.delete(socket));
    });
  }

  /** @param port 0 for a free one */
  static async open(port = 0): Promise<LineFeed> {
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    return new LineFeed(server, (server.address() as { port: number }).port);
  }

  get clients(): number {
    return this.#clients.size;
  }

  /** Sends text unchanged, and anything else as a line of JSON. */
  send(...lines: readonly unknown[]): void {
    const text = lines.map((line) => (typeof line === 'string' ? line : `${JSON.stringify(line)}\n`)).join('');
    for (const client of this.#clients) client.write(text);
  }

  /** Sends lines at a rate, in bursts of 20 ms, until `close` or the next call. */
  pump(perSecond: number, line: (index: number) => unknown): void {
    clearInterval(this.#pump);
    const start = performance.now();
    const first = this.pumped;
    this.#pump = setInterval(() => {
      const due = first + Math.floor(((performance.now() - start) / 1000) * perSecond);
      this.send(...Array.from({ length: due - this.pumped }, (_, index) => line(this.pumped + index)));
      this.pumped = due;
    }, 20);
  }

  async close(): Promise<void> {
    clearInterval(this.#pump);
    this.#server.close();
    for (const client of this.#clients) client.destroy();
    if (this.#server.listening) await once(this.#server, 'close');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
