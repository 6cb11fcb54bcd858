import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { seededChance } from '../../src/kit/chance.ts';
import { systemClock } from '../../src/kit/clock.ts';
import { closed, dial, received, until } from '../support/sockets/sockets.ts';
import {
  closeSockets,
  serverSockets,
  sinkOf,
  sockets,
  startServer,
  watchServer,
} from '../support/sockets/tcp-server.ts';

const signal = new AbortController().signal;

beforeEach(watchServer);
afterEach(closeSockets);

const tick = (symbol: string, number: number, padding = 0) => ({ symbol, number, padding: 'x'.repeat(padding) });
const numbersOf = (lines: readonly string[]) => lines.map((line) => (JSON.parse(line) as { number: number }).number);

describe('tcp server', () => {
  it('sends every message to every client as a line of JSON, and accepts messages while there is no client', async () => {
    const { broadcast, join } = await startServer();
    expect(await broadcast(tick('A', 0))).toEqual({});
    const clients = [received(await join()), received(await join())];
    const value = { time: '2025-11-20T13:33:18.585Z', symbol: 'AAPL', price: 196.38, vwap: null };
    await broadcast(value, { text: 'line\nfeed' });
    for (const seen of clients) {
      await until(() => seen.lines.length === 2);
      expect(seen.text).toBe(`${JSON.stringify(value)}\n${JSON.stringify({ text: 'line\nfeed' })}\n`);
    }
  });

  it('refuses a value without JSON, and sends the others', async () => {
    const { broadcast, join } = await startServer();
    const seen = received(await join());
    const receipt = await broadcast({ number: 1 }, undefined, { number: 2n }, { number: 3 });
    expect([...(receipt.failed?.keys() ?? [])]).toEqual([1, 2]);
    expect(receipt.failed?.get(1)).toMatchObject({ code: 'FDP_MESSAGE_REFUSED', fault: 'permanent' });
    await until(() => seen.lines.length === 2);
    expect(numbersOf(seen.lines)).toEqual([1, 3]);
  });

  it('gives 50 clients every line while one never reads, in bounded memory', async () => {
    const clientBuffer = 1024 ** 2;
    const { broadcast, join, node, log } = await startServer({ client_buffer: '1MiB' });
    const stuck = await join();
    stuck.pause();
    const readers = await Promise.all(Array.from({ length: 50 }, async () => ({ bytes: 0, socket: await join() })));
    for (const reader of readers) {
      reader.socket.on('data', (chunk) => {
        reader.bytes += chunk.length;
      });
    }
    let sent = 0;
    let most = 0;
    let batch = 0;
    // How much the operating system buffers for a client that never reads differs: continue until it is full.
    for (; batch < 40 || node.extra['skipped_lines'] === undefined; batch++) {
      const values = Array.from({ length: 64 }, (_, index) => tick(`S${index % 8}`, batch * 64 + index, 4000));
      sent += values.reduce((sum, value) => sum + JSON.stringify(value).length + 1, 0);
      await broadcast(...values);
      most = Math.max(most, ...serverSockets.map((socket) => socket.writableLength));
      await until(() => readers.every((reader) => reader.bytes === sent));
    }
    expect(most).toBeLessThanOrEqual(clientBuffer);
    expect(log.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);

    const late = received(stuck);
    stuck.resume();
    await until(() => late.lines.length === batch * 64 - (node.extra['skipped_lines'] ?? 0));
    const numbers = numbersOf(late.lines);
    expect(numbers.slice(-8)).toEqual(Array.from({ length: 8 }, (_, index) => batch * 64 - 8 + index));
    await broadcast(tick('S1', 9001), tick('S1', 9002));
    await until(() => numbersOf(late.lines).at(-1) === 9002);
    expect(numbersOf(late.lines).slice(-2)).toEqual([9001, 9002]);
  });

  it('never tears or reorders a line, however clients pause', async () => {
    const { broadcast, join, node } = await startServer({ client_buffer: '16KiB' });
    const chance = seededChance(7);
    const clients = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const socket = await join();
        return { socket, seen: received(socket) };
      }),
    );
    clients[0]?.socket.pause();
    let sent = 0;
    while (sent < 4500 || node.extra['skipped_lines'] === undefined) {
      // The first client never reads, so lines are skipped eventually.
      for (const { socket } of clients.slice(1)) chance.next() < 0.2 ? socket.resume() : socket.pause();
      const size = Math.floor(chance.next() * 5000);
      await broadcast(...Array.from({ length: 30 }, (_, index) => tick(`S${index % 3}`, sent++, size)));
      if (chance.next() < 0.3) await systemClock.turn();
    }
    for (const { socket } of clients) socket.resume();
    for (const { seen } of clients) {
      await until(() => seen.text.endsWith('\n') && numbersOf(seen.lines).includes(sent - 1));
      for (const symbol of ['S0', 'S1', 'S2']) {
        const numbers = numbersOf(seen.lines.filter((line) => line.includes(symbol)));
        expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
      }
    }
    const got = clients.reduce((sum, { seen }) => sum + seen.lines.length, 0);
    expect(got + (node.extra['skipped_lines'] ?? 0)).toBe(clients.length * sent);
  });

  it('disconnects a client that has lines waiting and reads nothing for long', async () => {
    const { broadcast, join, node } = await startServer({ client_buffer: '64KiB', client_timeout: '200ms' });
    const stuck = await join();
    stuck.pause();
    const idle = (await join()).resume();
    // Time without lines to send does not count.
    await once(serverSockets[0] as Socket, 'timeout');
    while (serverSockets[0]?.writableLength === 0) {
      await broadcast(...Array.from({ length: 64 }, (_, index) => tick('A', index, 10_000)));
      await systemClock.turn();
    }
    await until(() => node.extra['clients'] === 1);
    expect(node.extra['stalled_clients']).toBe(1);
    expect(idle.destroyed).toBe(false);
  });

  it('lets clients connect, reset, talk and leave at any time', async () => {
    const { broadcast, join, node } = await startServer();
    const stays = received(await join());
    for (let number = 0; number < 60; number++) {
      const socket = await join();
      if (number % 3 === 0) socket.resetAndDestroy();
      else if (number % 3 === 1) socket.end('GET / HTTP/1.1\r\n\r\n');
      else socket.destroy();
      await broadcast(tick('A', number));
    }
    await until(() => node.extra['clients'] === 1);
    await until(() => stays.lines.length === 60);
    expect(numbersOf(stays.lines)).toEqual(Array.from({ length: 60 }, (_, number) => number));
  });

  it('closes clients beyond max_clients, counts them and logs it once', async () => {
    const { join, port, node, log } = await startServer({ max_clients: 2 });
    const first = await join();
    await join();
    for (let extra = 0; extra < 3; extra++) {
      const refused = await dial(port);
      sockets.push(refused);
      refused.resume();
      await closed(refused);
    }
    expect(node.extra).toMatchObject({ clients: 2, refused_clients: 3 });
    expect(log.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
    first.destroy();
    await until(() => node.extra['clients'] === 1);
    await join();
  });

  it('closes clients beyond max_clients_per_address, and says whose', async () => {
    const { join, port, node, log } = await startServer({ max_clients_per_address: 1 });
    const first = await join();
    const refused = await dial(port);
    sockets.push(refused);
    await closed(refused);
    expect(node.extra).toMatchObject({ clients: 1, refused_clients: 1 });
    expect(log.lines.map(({ text }) => text)).toContain(
      'feed: 1 clients of 127.0.0.1 are connected: others are refused',
    );
    first.destroy();
    await until(() => node.extra['clients'] === 0);
    await join();
  });

  it('sends on close what clients still read, drops the others, and frees the port', async () => {
    const { sink, broadcast, join, port } = await startServer({ client_buffer: '4MiB' });
    const slow = await join();
    const reads = received(slow);
    const stuck = await join();
    slow.pause();
    stuck.pause();
    let sent = 0;
    while (!serverSockets.every((socket) => socket.writableLength > 1_000_000)) {
      await broadcast(...Array.from({ length: 20 }, () => tick('A', sent++, 6000)));
      await systemClock.turn();
    }
    const ends = [sink.close(), sink.close()];
    slow.resume();
    await Promise.all(ends);
    await until(() => reads.lines.length === sent);
    expect(numbersOf(reads.lines)).toEqual(Array.from({ length: sent }, (_, number) => number));
    const next = createServer().listen(port, '127.0.0.1');
    await once(next, 'listening');
    next.close();
  });

  it('can be closed before it was connected', async () => {
    const { sink } = await sinkOf({ listen: '127.0.0.1:0' });
    await sink.close();
  });
});

describe('tcp server at its start', () => {
  it('ends the topology when another program has the port, and waits for a predecessor', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const { sink, node } = await sinkOf({ listen: `127.0.0.1:${port}` });
    await expect(sink.connect(signal)).rejects.toMatchObject({
      code: 'FDP_PORT_IN_USE',
      fault: 'fatal',
      message: `feed: port ${port} on 127.0.0.1 is in use by another program: stop that program, or change \`listen\``,
    });
    await expect(sink.connect(signal, { takenOver: true })).rejects.toMatchObject({
      code: 'FDP_PORT_IN_USE',
      fault: 'transient',
    });
    other.close();
    await once(other, 'close');
    await sink.connect(signal, { takenOver: true });
    expect(node.extra['clients']).toBe(0);
  });

  it('reports an address that this machine does not have', async () => {
    const { sink } = await sinkOf({ listen: '192.0.2.1:8888' });
    await expect(sink.connect(signal)).rejects.toMatchObject({ code: 'FDP_CONNECT_FAILED', fault: 'fatal' });
  });

  it('warns when other machines can reach it', async () => {
    const { sink, log } = await sinkOf({ listen: '0.0.0.0:0', insecure: true });
    await sink.connect(signal);
    expect(log.lines).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        text: expect.stringContaining('is open to other machines without keys and TLS'),
      }),
    );
    const local = await startServer();
    expect(local.log.lines.filter(({ level }) => level === 'warn')).toEqual([]);
  });
});
