import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Handles the bytes that a client sends on one connection. */
export type Passage = (client: Socket, server: Socket) => (bytes: Buffer) => void;

/** A proxy to a server of this machine that can interfere with requests; responses pass unchanged. */
export class Way implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(target: number, passage: Passage) {
    this.#server = createServer((client) => this.#welcome(client, connect(target, '127.0.0.1'), passage));
  }

  /** Opens a proxy to a port. */
  static async to(target: number, passage: Passage): Promise<Way> {
    const way = new Way(target, passage);
    way.#server.listen(0, '127.0.0.1');
    await once(way.#server, 'listening');
    return way;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #welcome(client: Socket, server: Socket, passage: Passage): void {
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#sockets.delete(socket);
        client.destroy();
        server.destroy();
      });
    }
    server.on('data', (bytes) => client.write(bytes));
    client.on('data', passage(client, server));
  }
}
