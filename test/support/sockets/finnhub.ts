import { type Feed, feed, type TestExchange, testExchange } from './feeds.ts';
import { until } from './sockets.ts';

const opened: { close(): Promise<unknown> }[] = [];

/** A server of the exchange. */
export async function start(options: object = {}, port = 0): Promise<TestExchange> {
  const server = await testExchange(options, port);
  opened.push({ close: () => server.sink.close() });
  return server;
}

/** A client of the exchange. */
export async function connected(...given: Parameters<typeof feed>): Promise<Feed> {
  const client = await feed(...given);
  opened.push(client);
  return client;
}

/** Closes what a test has opened, the last one first. */
export async function closeOpened(): Promise<void> {
  for (const each of opened.splice(0).reverse()) await each.close();
}

export let nextPrice = 0;

export function frame(...symbols: string[]) {
  return { type: 'trade', data: symbols.map((s) => ({ p: ++nextPrice, s, t: 1763645598585, v: 1 })) };
}

/** Waits until the server knows the client's subscription: it then delivers a frame. */
export async function subscribed(server: TestExchange, client: Feed, symbol = 'AAPL'): Promise<void> {
  const before = client.frames.length;
  await until(async () => {
    await server.send(frame(symbol));
    return client.frames.length > before;
  });
}
