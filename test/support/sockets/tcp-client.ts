import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Subscription } from 'rxjs';
import { tcp } from '../../../connectors/tcp/index.ts';
import type { SourceMessage } from '../../../src/kit/message.ts';
import type { Lane, Source } from '../../../src/kit/source.ts';
import { roleContext, testEnvironment } from '../../../src/testing/environment.ts';
import { optionsOf } from '../engine/options.ts';
import { openSockets, until } from './sockets.ts';

const never = new AbortController().signal;
const servers: Feed[] = [];
const sources: Source[] = [];

/** Closes the clients and servers of a test; no socket may be left. */
export async function closeClients(): Promise<void> {
  await Promise.all(sources.splice(0).map((source) => source.close()));
  await Promise.all(servers.splice(0).map((server) => server.stop()));
  await until(() => openSockets() === 0);
}

/** A line server, as another program would implement it. */
export class Feed {
  readonly clients: Socket[] = [];
  readonly #server: Server;

  static async start(port = 0): Promise<Feed> {
    const feed = new Feed();
    servers.push(feed);
    feed.#server.listen(port, '127.0.0.1');
    await once(feed.#server, 'listening');
    return feed;
  }

  constructor() {
    this.#server = createServer((socket) => {
      socket.on('error', () => {});
      socket.resume();
      this.clients.push(socket);
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  send(text: string | Buffer): void {
    this.clients.at(-1)?.write(text);
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const client of this.clients) client.resetAndDestroy();
    await closed;
  }
}

export async function startClient(port: number, options: object = {}) {
  const environment = testEnvironment();
  const filled = optionsOf(tcp, { connect: `127.0.0.1:${port}`, ...options });
  const connector = await tcp.create(filled, { ...environment, name: 'feed' });
  const context = roleContext(environment);
  const source = connector.source?.({}, context);
  if (!source) throw new Error('no source');
  sources.push(source);
  await source.connect(never);
  const messages: SourceMessage[] = [];
  let subscription: Subscription | undefined;
  const lane = await new Promise<Lane>((resolve) => {
    subscription = source.lanes.subscribe(resolve);
  });
  const readAll = async () => {
    for (let reading = await lane.read(never); reading; reading = await lane.read(never))
      messages.push(...reading.messages);
  };
  const stop = () => subscription?.unsubscribe();
  return { source, lane, messages, readAll, stop, node: context.node };
}
