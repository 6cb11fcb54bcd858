import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { Worker } from '../support/cli/processes.ts';
import { closed, dial } from '../support/sockets/sockets.ts';

const open = new Set<{ destroy(): unknown }>();
afterEach(() => {
  for (const each of open) each.destroy();
  open.clear();
});

/** A client that never reads. */
async function mute(port: number): Promise<Socket> {
  const socket = await dial(port);
  socket.pause();
  open.add(socket);
  return socket;
}

it('what a component left open is named, and does not keep the process from ending', async () => {
  const other = createServer((socket) => open.add(socket)).listen(0, '127.0.0.1');
  open.add({ destroy: () => other.close() });
  await once(other, 'listening');
  const port = (other.address() as AddressInfo).port;
  const worker = new Worker('./careless.ts', String(port));
  open.add({ destroy: () => worker.child.kill('SIGKILL') });
  const server = Number((await worker.event('listening'))['port']);
  const clients = [await mute(server), await mute(server)];
  expect(await worker.end('SIGTERM')).toBe(0);
  const lines = worker.errors.split('\n').filter((line) => line.includes('"warn"'));
  expect(lines.map((line) => JSON.parse(line).msg)).toEqual([
    expect.stringMatching(/^still open at exit: [^:]+: the process ends anyway$/),
  ]);
  const named = /at exit: (.*):/.exec(lines[0] ?? '')?.[1]?.split(', ');
  expect(named?.sort()).toEqual([
    `1 connection to 127.0.0.1 port ${port} (test/careless)`,
    '1 server',
    '1 timer',
    '2 connections of api',
  ]);
  const ends = clients.map((socket) => closed(socket.resume()));
  await Promise.all(ends);
});
