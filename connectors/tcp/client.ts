import type { Socket } from 'node:net';
import { errorText } from '../../src/errors.ts';
import { onAbort } from '../../src/kit/clock.ts';
import { Gap } from '../../src/kit/gap.ts';
import { isGapMessage } from '../../src/kit/gap-message.ts';
import { type Intake, pushSource } from '../../src/kit/push-source.ts';
import type { QueueOptions } from '../../src/kit/queue.ts';
import { reconnecting } from '../../src/kit/reconnecting.ts';
import type { RoleContext } from '../../src/kit/role.ts';
import type { Source } from '../../src/kit/source.ts';
import { LineSplitter } from './lines.ts';
import { readLine, symbolsOf } from './read-line.ts';
import { refusalIn } from './refusal.ts';
import { type ClientTls, dial, tlsRefusal } from './tls-client.ts';

interface TcpClientOptions {
  readonly name: string;
  readonly address: string;
  readonly key: string;
  readonly maxLine: number;
  readonly connectTimeoutMs: number;
  /** Undefined: not encrypted. */
  readonly tls: ClientTls | undefined;
  /** What it sends first, for a server with keys. */
  readonly token: string | undefined;
  readonly queue: Pick<QueueOptions, 'maxItems' | 'maxBytes' | 'whenFull'>;
}

/** A server that has not refused the token for this long has taken it, ms. */
const settleMs = 1000;

/**
 * The source role: one lane with the lines of a server, for as long as it is subscribed to. The server may be
 * unavailable at any time: connecting is retried without limit, and the node is `retrying` with the reason. Lines sent
 * meanwhile are lost, and so is a line that was torn by a lost connection: a gap, which the lane has a message of for each
 * symbol that came in an envelope of trades. Counts `reconnects`, `skipped_lines` (dropped by the queue, too long or torn),
 * `gaps`, `gap_ms` and `open_gaps`.
 */
export function tcpClient(context: RoleContext, options: TcpClientOptions): Source {
  const { name } = options;
  context.node.address = options.address;
  const gap = () => new Gap({ ...context, name, what: 'lines' });
  return pushSource({
    name,
    gap: gap(),
    feed: { ...context, away: gap(), symbols: symbolsOf },
    queue: options.queue,
    onDropped: (lines) => context.node.count('skipped_lines', lines),
    receive: (intake) => new Client(context, options, intake).run(),
  });
}

/** The connections of one subscription, one after the other. */
class Client {
  readonly #context: RoleContext;
  readonly #options: TcpClientOptions;
  readonly #intake: Intake;
  #socket: Socket | undefined;
  #connections = 0;

  constructor(context: RoleContext, options: TcpClientOptions, intake: Intake) {
    this.#context = context;
    this.#options = options;
    this.#intake = intake;
    intake.onPaused((paused) => void (paused ? this.#socket?.pause() : this.#socket?.resume()));
  }

  async run(): Promise<void> {
    const release = onAbort(this.#intake.signal, () => this.#socket?.destroy());
    await reconnecting(this.#context, this.#intake, (opened) => this.#session(opened));
    release();
  }

  /** One connection from its first attempt to its end; returns the reason for the end. Never rejects. */
  #session(opened: () => void): Promise<string> {
    const { clock } = this.#context;
    const { address, connectTimeoutMs } = this.#options;
    const dialled = this.#dial();
    if (typeof dialled === 'string') return Promise.resolve(dialled);
    const { socket, ready } = dialled;
    this.#socket = socket;
    return new Promise((resolve) => {
      let reason = `${address} closed the connection`;
      const giveUp = clock.timer(connectTimeoutMs, () => {
        reason = `${address} did not respond within ${connectTimeoutMs} ms`;
        socket.destroy();
      });
      const splitter = new LineSplitter(this.#options.maxLine, () => this.#context.node.count('skipped_lines'));
      const welcome = this.#welcome(socket, ready, giveUp, opened);
      let isFirst = true;
      socket.on('data', (chunk) => {
        for (const line of splitter.push(chunk)) {
          const refusal = isFirst ? refusalIn(line) : undefined;
          isFirst = false;
          if (refusal === undefined) {
            welcome.now();
            this.#take(line);
          } else reason = `${address} refuses this client: ${refusal}: set \`token\` to a key with the scope stream`;
        }
      });
      socket.on('error', (error) => {
        reason = describe(error, address);
      });
      // Closed in order: what the server had sent has come.
      socket.on('end', () => {
        if (splitter.kept === 0) this.#intake.whole();
      });
      socket.on('close', () => {
        giveUp();
        welcome.never();
        if (splitter.kept > 0) this.#context.node.count('skipped_lines');
        resolve(reason);
      });
    });
  }

  /** Counts as connected once the socket is, or with a token, which may be refused, at the first line or a while later. */
  #welcome(
    socket: Socket,
    ready: 'connect' | 'secureConnect',
    onReady: () => void,
    opened: () => void,
  ): { readonly now: () => void; readonly never: () => void } {
    const { token } = this.#options;
    let isOver = false;
    let cancel = () => {};
    const now = () => {
      if (isOver) return;
      isOver = true;
      cancel();
      this.#connected(socket, opened);
    };
    socket.on(ready, () => {
      onReady();
      if (token === undefined) {
        now();
        return;
      }
      socket.write(`${JSON.stringify({ token })}\n`);
      cancel = this.#context.clock.timer(settleMs, now);
    });
    const never = () => {
      isOver = true;
      cancel();
    };
    return { now, never };
  }

  /** The connection that begins, or why there can be none. */
  #dial(): ReturnType<typeof dial> | string {
    const { address, name, tls } = this.#options;
    try {
      return dial(address, name, tls);
    } catch (error) {
      return errorText(error);
    }
  }

  #connected(socket: Socket, opened: () => void): void {
    const { node, log } = this.#context;
    const { name, address } = this.#options;
    if (this.#connections++ > 0) node.count('reconnects');
    opened();
    log.info({ address }, `${name}: connected to ${address}`);
    if (this.#intake.paused) socket.pause();
  }

  #take(line: Buffer): void {
    const { name, key } = this.#options;
    const message = readLine(line, { name, key, now: () => this.#context.clock.now() });
    const mayBeReplaced = message.key !== null && !isGapMessage(message.value);
    this.#intake.push(message, line.length, mayBeReplaced ? message.key : undefined);
  }
}

function describe(error: NodeJS.ErrnoException, address: string): string {
  const untrusted = tlsRefusal(error.code, address);
  if (untrusted !== undefined) return untrusted;
  switch (error.code) {
    case 'ECONNREFUSED':
      return `${address} refuses the connection: nothing listens there`;
    case 'ECONNRESET':
    case 'EPIPE':
      return `${address} closed the connection unexpectedly`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${address} can't be found: no such name`;
    default:
      return `${address} can't be reached: ${errorText(error)}`;
  }
}
