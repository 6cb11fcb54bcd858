import { type Feed, feed, type TestExchange, testExchange } from './feeds.ts';
import { until } from './sockets.ts';

/** Closed after each test, the last one first. */
export const opened: (() => unknown)[] = [];

export async function closeOpened(): Promise<void> {
  for (const close of opened.splice(0).reverse()) await close();
}

/** A server of the exchange. */
export async function start(options: object = {}, port = 0): Promise<TestExchange> {
  const server = await testExchange(options, port);
  opened.push(() => server.sink.close());
  return server;
}

/** A client of the exchange. */
export async function connected(...given: Parameters<typeof feed>): Promise<Feed> {
  const client = await feed(...given);
  opened.push(() => client.close());
  return client;
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
