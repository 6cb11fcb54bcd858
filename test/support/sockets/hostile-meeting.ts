import { hurriedClock } from '../engine/hurried-clock.ts';
import type { Feed } from './feeds.ts';
import { connected, opened } from './finnhub.ts';
import { type Deed, hostileServer, textFrame } from './hostile-server.ts';

interface TradeFrame {
  readonly data: readonly { readonly p: number }[];
}

/**
 * A client, and a server that treats its connections like this, one after the other; time runs faster by `factor`. A busy machine
 * may take a second for a handshake.
 */
export async function meet(deeds: readonly Deed[], options: object = {}, factor = 100) {
  const server = await hostileServer(...deeds);
  opened.push(() => server.close());
  const client = await connected(server.port, { handshake_timeout: '2m', ...options }, { clock: hurriedClock(factor) });
  return { server, client };
}

export const trade = (p: number) => textFrame(`{"type":"trade","data":[{"p":${p},"s":"AAPL","t":${p},"v":1}]}`);
export const values = ({ frames }: Feed) => frames.map(({ value }) => (value as TradeFrame | undefined)?.data[0]?.p);
