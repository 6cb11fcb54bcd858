import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Smaller requests (signs of life, questions) are let through at once, bytes. */
const smallBytes = 1024;

interface Request {
  readonly bytes: Buffer;
  readonly from: Socket;
  readonly to: Socket;
}

/**
 * A way to a mongod on which large requests wait for each other: a server that can store so much a second and no more.
 * What its client has given up before its turn never gets there.
 */
export class SlowWay implements AsyncDisposable {
  readonly #server: Server;
  readonly #target: number;
  readonly #sockets = new Set<Socket>();
  readonly #waiting: Request[] = [];
  #bytesPerSecond: number;
  #busy = false;
  #healed = () => {};

  private constructor(target: number, bytesPerSecond: number) {
    this.#target = target;
    this.#bytesPerSecond = bytesPerSecond;
    this.#server = createServer((client) => this.#welcome(client));
  }

  /** Opens a way to a port of this machine. */
  static async to(target: number, bytesPerSecond: number): Promise<SlowWay> {
    const way = new SlowWay(target, bytesPerSecond);
    way.#server.listen(0, '127.0.0.1');
    await once(way.#server, 'listening');
    return way;
  }

  /** The connection string of the mongod at its end. */
  get url(): string {
    return `mongodb://127.0.0.1:${(this.#server.address() as AddressInfo).port}/?directConnection=true`;
  }

  /** From now on nothing waits. */
  heal(): void {
    this.#bytesPerSecond = Number.POSITIVE_INFINITY;
    this.#healed();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.heal();
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
    let rest = Buffer.alloc(0);
    client.on('data', (bytes) => {
      rest = Buffer.concat([rest, bytes]);
      // Every request of the protocol begins with its length.
      while (rest.length >= 4 && rest.length >= rest.readInt32LE(0)) {
        const length = rest.readInt32LE(0);
        this.#take({ bytes: rest.subarray(0, length), from: client, to: server });
        rest = rest.subarray(length);
      }
    });
  }

  #take(request: Request): void {
    if (request.bytes.length <= smallBytes) request.to.write(request.bytes);
    else {
      this.#waiting.push(request);
      if (!this.#busy) void this.#work();
    }
  }

  async #work(): Promise<void> {
    this.#busy = true;
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      if (next.from.destroyed) continue;
      const { bytes, to } = next;
      const ms = (1000 * bytes.length) / this.#bytesPerSecond;
      await new Promise<void>((resolve) => {
        this.#healed = resolve;
        setTimeout(resolve, ms);
      });
      to.write(bytes);
    }
    this.#busy = false;
  }
}
