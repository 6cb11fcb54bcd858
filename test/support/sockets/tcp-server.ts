import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { tcp } from '../../../connectors/tcp/index.ts';
import { toMessage } from '../../../src/kit/message.ts';
import type { Sink } from '../../../src/kit/sink.ts';
import { roleContext, testEnvironment } from '../../../src/testing/environment.ts';
import { sourceMessage } from '../engine/operators.ts';
import { optionsOf } from '../engine/options.ts';
import { dial, openSockets, portOf, until } from './sockets.ts';

const signal = new AbortController().signal;
const messages = (values: readonly unknown[]) => values.map((value) => toMessage(sourceMessage(value), undefined));

const sinks: Sink[] = [];
export const sockets: Socket[] = [];
/** The server's ends of all connections. */
export const serverSockets: Socket[] = [];
const keep = (message: unknown) => void serverSockets.push((message as { socket: Socket }).socket);

/** From now on the server's ends are known. */
export function watchServer(): void {
  subscribe('net.server.socket', keep);
}

/** Closes the servers and clients of a test; no socket may be left. */
export async function closeSockets(): Promise<void> {
  unsubscribe('net.server.socket', keep);
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(sinks.splice(0).map((sink) => sink.close()));
  serverSockets.length = 0;
  await until(() => openSockets() === 0);
}

export async function sinkOf(options: object) {
  const environment = testEnvironment();
  const connector = await tcp.create(optionsOf(tcp, options), { ...environment, name: 'feed' });
  const context = roleContext(environment);
  const sink = connector.sink?.({}, context);
  if (!sink) throw new Error('no sink');
  sinks.push(sink);
  return { sink, node: context.node, log: environment.log };
}

export async function startServer(options: object = {}) {
  const parts = await sinkOf({ listen: '127.0.0.1:0', ...options });
  await parts.sink.connect(signal);
  const port = portOf(parts.log);
  const join = async () => {
    const socket = await dial(port);
    sockets.push(socket);
    await until(() => serverSockets.some(({ remotePort }) => remotePort === socket.localPort));
    return socket;
  };
  const broadcast = (...values: readonly unknown[]) => parts.sink.write(messages(values), signal);
  return { ...parts, port, join, broadcast };
}
