import { hurriedClock } from '../engine/hurried-clock.ts';
import { type Feed, feed } from './feeds.ts';
import { type Deed, hostileServer, textFrame } from './hostile-server.ts';

interface TradeFrame {
  readonly data: readonly { readonly p: number }[];
}

const opened: { close(): Promise<unknown> }[] = [];

/** A client, and a server that treats its connections like this, one after the other; time runs faster by `factor`. */
export async function meet(deeds: readonly Deed[], options: object = {}, factor = 100) {
  const server = await hostileServer(...deeds);
  opened.push(server);
  const client = await feed(server.port, options, { clock: hurriedClock(factor) });
  opened.push(client);
  return { server, client };
}

/** Closes what a test has opened, the last one first. */
export async function closeOpened(): Promise<void> {
  for (const each of opened.splice(0).reverse()) await each.close();
}

export const trade = (p: number) => textFrame(`{"type":"trade","data":[{"p":${p},"s":"AAPL","t":${p},"v":1}]}`);
export const values = ({ frames }: Feed) => frames.map(({ value }) => (value as TradeFrame | undefined)?.data[0]?.p);
