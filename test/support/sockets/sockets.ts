import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { systemClock } from '../../../src/kit/clock.ts';
import type { LogLine } from '../../../src/testing/environment.ts';

/** Waits until `condition` is true; fails after ten seconds with `what`. */
export async function until(condition: () => boolean | Promise<boolean>, what = String(condition)): Promise<void> {
  const end = systemClock.monotonic() + 10_000;
  while (!(await condition())) {
    if (systemClock.monotonic() > end) throw new Error(`this never came true: ${what}`);
    await systemClock.sleep(5);
  }
}

/** The port that a component logged as the one it listens on. */
export function portOf({ lines }: { readonly lines: readonly LogLine[] }): number {
  const ports = lines.flatMap(({ fields }) => ('port' in fields ? [Number(fields.port)] : []));
  const port = ports.at(-1);
  if (port === undefined) throw new Error('nobody says that it listens');
  return port;
}

/** A connected socket whose errors don't fail the test. */
export async function dial(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' });
  await once(socket, 'connect');
  socket.on('error', () => {});
  return socket;
}

/** Collects everything that a socket receives, as text. */
export function received(socket: Socket): { text: string; readonly lines: string[] } {
  const seen = {
    text: '',
    get lines() {
      return seen.text.split('\n').slice(0, -1);
    },
  };
  socket.on('data', (chunk) => {
    seen.text += chunk.toString();
  });
  return seen;
}

/** Resolves when the socket is closed, with or without an error. */
export function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

/** The number of open sockets and servers of this process. */
export function openSockets(): number {
  return process.getActiveResourcesInfo().filter((resource) => resource.startsWith('TCP')).length;
}
