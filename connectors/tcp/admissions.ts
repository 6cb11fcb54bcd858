import type { Socket } from 'node:net';
import { FailedKeys } from '../../src/kit/failed-keys.ts';
import { parseJson } from '../../src/kit/json.ts';
import type { KeyRefusal, Keys } from '../../src/kit/keys.ts';
import type { RoleContext } from '../../src/kit/role.ts';

/** How long a client may take to send its key, ms. */
const patienceMs = 5000;
/** How long a refused client may take to read why, ms. */
const farewellMs = 1000;
const longestLine = 1024;
const lineFeed = 0x0a;
/** How a client sends its key. */
const how = 'the first line, {"token":"KEY"}';

interface AdmissionParts {
  readonly keys: Keys;
  readonly context: RoleContext;
  /** The connector's name. */
  readonly name: string;
}

/**
 * Lets in the clients whose first line is `{"token":"KEY"}`, with a key of the scope `stream`. Others get one line that says
 * why, and are disconnected. All of them are in the server's waiting room meanwhile. Counts `rejected_clients`.
 */
export class Admissions {
  readonly #parts: AdmissionParts;
  readonly #failed: FailedKeys;

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
    this.#failed = new FailedKeys(parts.name, parts.context);
  }

  /** Waits for the key of a client; `welcome` is called when it is let in. What else it has sent is dropped. */
  take(socket: Socket, welcome: () => void): void {
    const parts: Buffer[] = [];
    let length = 0;
    const decide = (line: Buffer | undefined) => {
      stop();
      const refusal = this.#refusal(line, socket);
      if (refusal) this.#refuse(socket, refusal);
      else welcome();
    };
    const onData = (chunk: Buffer) => {
      const end = chunk.indexOf(lineFeed);
      parts.push(end < 0 ? chunk : chunk.subarray(0, end));
      length += chunk.length;
      if (end >= 0) decide(Buffer.concat(parts));
      else if (length > longestLine) decide(undefined);
    };
    const cancel = this.#parts.context.clock.timer(patienceMs, () => decide(undefined));
    const ignore = () => {};
    const stop = () => {
      cancel();
      socket.off('data', onData).off('close', stop).off('error', ignore);
    };
    socket.on('data', onData).on('close', stop).on('error', ignore);
  }

  #refusal(line: Buffer | undefined, { remoteAddress }: Socket): KeyRefusal | undefined {
    const admission = this.#parts.keys.admit(line && tokenIn(line), 'stream', how);
    return this.#failed.judge(admission, remoteAddress).refusal;
  }

  #refuse(socket: Socket, { text, code }: KeyRefusal): void {
    const { context, name } = this.#parts;
    const client = `${socket.remoteAddress} port ${socket.remotePort}`;
    context.node.count('rejected_clients');
    context.log.debug({ client, code }, `${name}: refused ${client}: ${text}`);
    const cancel = context.clock.timer(farewellMs, () => socket.destroy());
    socket.on('error', () => {});
    socket.on('close', cancel);
    socket.resume();
    socket.end(`${JSON.stringify({ error: text, code })}\n`);
  }
}

function tokenIn(line: Buffer): string | undefined {
  if (line.length > longestLine) return undefined;
  try {
    const { token } = parseJson(line.toString('utf8')) as { readonly token?: unknown };
    return typeof token === 'string' ? token : undefined;
  } catch {
    return undefined; // no JSON, or null
  }
}
