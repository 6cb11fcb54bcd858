import { connect } from 'node:net';
import type { ProcessSnapshot } from '../../../src/kit/snapshot.ts';
import { type ObserveServer, startObserveServer } from '../../../src/observe/observe-server.ts';
import { recordingLog } from '../../../src/testing/environment.ts';
import { processSnapshot, topologySnapshot } from '../engine/snapshots.ts';

/** Closed after each test. */
export const open = new Set<{ close(): unknown }>();
/** Closes what a test has opened. */
export async function closeOpened(): Promise<void> {
  for (const each of open) await each.close();
  open.clear();
}
export const running = processSnapshot(2000, [topologySnapshot('flow', { read: 5, delivered: 4, inFlight: 1 })]);

/** A server of metrics and health, on a free port. */
export async function start(
  env: Readonly<Record<string, string>> = { OBSERVE_PORT: '0' },
  snapshot: () => ProcessSnapshot = () => running,
): Promise<ObserveServer & { readonly log: ReturnType<typeof recordingLog> }> {
  const log = recordingLog();
  const server = await startObserveServer({ env, log, snapshot });
  open.add(server);
  return { ...server, log };
}

/** Sends bytes unchanged; returns everything received until the server closes the connection. */
export async function sent({ address }: ObserveServer, text: string): Promise<string> {
  const { hostname, port } = new URL(address);
  const socket = connect(Number(port), hostname);
  let seen = '';
  socket.on('data', (chunk) => {
    seen += chunk.toString();
  });
  socket.on('error', () => {});
  socket.write(text);
  await new Promise((resolve) => socket.once('close', resolve));
  return seen;
}

export function statusesOf(text: string): readonly (string | undefined)[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
}
