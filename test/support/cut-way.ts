import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A way to a server of this machine that cuts the connections on which certain bytes come, as often as it was told. */
export class CutWay implements AsyncDisposable {
  readonly #server: Server;
  readonly #target: number;
  readonly #bytes: string;
  readonly #sockets = new Set<Socket>();
  /** Connections that are still to be cut. */
  cuts = 0;

  private constructor(target: number, bytes: string) {
    this.#target = target;
    this.#bytes = bytes;
    this.#server = createServer((client) => this.#welcome(client));
  }

  static async to(target: number, bytes: string): Promise<CutWay> {
    const way = new CutWay(target, bytes);
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

  #welcome(client: Socket): void {
    const server = connect(this.#target, '127.0.0.1');
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
    client.on('data', (bytes) => {
      if (this.cuts > 0 && bytes.includes(this.#bytes)) {
        this.cuts--;
        client.destroy();
      } else server.write(bytes);
    });
  }
}
