import type { Message } from '../../../src/kit/message.ts';
import type { Sink } from '../../../src/kit/sink.ts';
import { looseTrack } from '../../../src/kit/track.ts';
import { type Around, closeAll, echo, never, start } from './rest.ts';
import { EventClient } from './sse.ts';

const clients: EventClient[] = [];
export const time = '2025-11-20T13:33:18.585Z';

/** Closes the pages and servers of a test. */
export async function closeStreams(): Promise<void> {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await closeAll();
}

/** A server with the live page. */
export const live = (options: object = {}, around: Around = {}) =>
  start({ ui: true, ...options }, (lane) => void echo(lane), around);

/** A page that listens to the stream. */
export async function connect(port: number, lastEventId?: string): Promise<EventClient> {
  const client = await EventClient.open(port, lastEventId);
  clients.push(client);
  return client;
}

export function line(symbol: string, price: number, more: object = {}): Message {
  const value = { time, symbol, price, vwap: price + 1, ...more };
  const message = { key: symbol, value, timestamp: 0, meta: { lane: 'vwap_client' } };
  return { ...message, track: looseTrack(message) };
}

export const write = (sink: Sink, ...lines: readonly Message[]) => sink.write(lines, never);
