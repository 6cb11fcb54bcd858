import { once } from 'node:events';
import { type Agent, type IncomingHttpHeaders, type RequestOptions, request } from 'node:http';
import type { Socket } from 'node:net';
import type { Subscription } from 'rxjs';
import { expect } from 'vitest';
import { rest } from '../../../connectors/rest/index.ts';
import type { Clock } from '../../../src/kit/clock.ts';
import type { Connector } from '../../../src/kit/connector.ts';
import type { Platform } from '../../../src/kit/environment.ts';
import type { Sink } from '../../../src/kit/sink.ts';
import type { Lane, Source } from '../../../src/kit/source.ts';
import { roleContext, testEnvironment } from '../../../src/testing/environment.ts';
import { optionsOf } from '../engine/options.ts';
import { closed, dial, openSockets, portOf, received, until } from './sockets.ts';

/** A signal that never aborts. */
export const never: AbortSignal = new AbortController().signal;
/** The routes of every source in these tests. */
export const routes: readonly string[] = ['GET /api/v1/symbols', 'GET /api/v1/trades/{symbol}'];
const sources: Source[] = [];
const connectors: Connector[] = [];
/** Closed at the end of a test, like the sources. */
export const sockets: Socket[] = [];
/** Destroyed at the end of a test. */
export const agents: Agent[] = [];

/** Closes everything that a test opened, and waits until no socket is left. */
export async function closeAll(): Promise<void> {
  for (const agent of agents.splice(0)) agent.destroy();
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(sources.splice(0).map((source) => source.close()));
  await Promise.all(connectors.splice(0).map((connector) => connector.close()));
  await until(() => openSockets() === 0);
}

/** Parts of a connector's environment that differ from the default. */
export interface Around {
  readonly clock?: Clock;
  readonly platform?: Platform;
  readonly seed?: number;
}

/** A REST source that is not connected, and the sink of the same connector. */
export async function sourceOf(options: object = {}, { clock, platform, seed }: Around = {}) {
  const environment = { ...testEnvironment(clock, seed), ...(platform && { platform }) };
  const filled = optionsOf(rest, { listen: '127.0.0.1:0', ...options });
  const connector = await rest.create(filled, { ...environment, name: 'http' });
  connectors.push(connector);
  const parameters = ['limit', 'before'].map((name) => ({ name, in: 'query', schema: {} }) as const);
  const described = routes.map((route) => ({ route, parameters: route.includes('{') ? parameters : [], reply: {} }));
  const context = roleContext(environment, { routes: described });
  const another = () => connector.source?.({}, context);
  const source = another();
  const sink: Sink | undefined = connector.sink?.({}, roleContext(environment));
  if (!source || !sink) throw new Error('a role is missing');
  sources.push(source);
  return { source, another, sink, node: context.node, log: environment.log };
}

/** Replies with the request. */
export async function echo(lane: Lane): Promise<void> {
  const reading = await lane.read(never);
  lane.request?.respond({ route: lane.chain, value: reading?.messages[0]?.value });
}

/** A REST source that listens and passes its requests to `handle`. */
export async function start(
  options: object = {},
  handle: (lane: Lane) => void = (lane) => void echo(lane),
  around: Around = {},
) {
  const parts = await sourceOf(options, around);
  await parts.source.connect(never);
  const lanes: Lane[] = [];
  const subscription: Subscription = parts.source.lanes.subscribe((lane) => {
    lanes.push(lane);
    handle(lane);
  });
  const port = portOf(parts.log);
  return { ...parts, port, lanes, subscription, get: (path: string, more?: RequestOptions) => ask(port, path, more) };
}

interface Reply {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Sends one HTTP request. */
export async function ask(port: number, path: string, more: RequestOptions = {}): Promise<Reply> {
  const outgoing = request({ port, host: '127.0.0.1', path, agent: false, ...more });
  outgoing.end();
  const [response] = await once(outgoing, 'response');
  let text = '';
  for await (const chunk of response) text += chunk;
  return { status: response.statusCode, headers: response.headers, text, body: text === '' ? {} : JSON.parse(text) };
}

/** Sends bytes unchanged; returns everything received until the server closes the connection. */
export async function raw(port: number, text: string): Promise<string> {
  const socket = await dial(port);
  sockets.push(socket);
  const seen = received(socket);
  socket.write(text);
  await closed(socket);
  return seen.text;
}

/** The envelope of an error, as far as it is the same for all errors. */
export const refusal = (error: unknown = expect.any(String)) => ({
  data: null,
  error,
  message: null,
  code: expect.stringMatching(/^FDP_/),
  request_id: expect.any(String),
});
