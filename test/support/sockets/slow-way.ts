import type { Socket } from 'node:net';
import { Way } from './way.ts';

/** Smaller requests (heartbeats, queries) pass at once, bytes. */
const smallBytes = 1024;

interface Request {
  readonly bytes: Buffer;
  readonly from: Socket;
  readonly to: Socket;
}

/**
 * A proxy to a mongod that limits the throughput of large requests: a server that can store only so much per second.
 * Requests that the client has given up before their turn never arrive.
 */
export class SlowWay implements AsyncDisposable {
  readonly #waiting: Request[] = [];
  #way: Way | undefined;
  #bytesPerSecond: number;
  #busy = false;
  #healed = () => {};

  private constructor(bytesPerSecond: number) {
    this.#bytesPerSecond = bytesPerSecond;
  }

  /** Opens a proxy to a port of this machine. */
  static async to(target: number, bytesPerSecond: number): Promise<SlowWay> {
    const slow = new SlowWay(bytesPerSecond);
    slow.#way = await Way.to(target, (from, to) => slow.#reader(from, to));
    return slow;
  }

  /** The connection string of the mongod, through the proxy. */
  get url(): string {
    return `mongodb://127.0.0.1:${this.#way?.port}/?directConnection=true`;
  }

  /** Removes the limit from now on. */
  heal(): void {
    this.#bytesPerSecond = Number.POSITIVE_INFINITY;
    this.#healed();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.heal();
    await this.#way?.[Symbol.asyncDispose]();
  }

  #reader(from: Socket, to: Socket): (bytes: Buffer) => void {
    let rest = Buffer.alloc(0);
    return (bytes) => {
      rest = Buffer.concat([rest, bytes]);
      // Every request of the protocol begins with its length.
      while (rest.length >= 4 && rest.length >= rest.readInt32LE(0)) {
        const length = rest.readInt32LE(0);
        this.#take({ bytes: rest.subarray(0, length), from, to });
        rest = rest.subarray(length);
      }
    };
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
