import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { closeAll, refusal, sockets, start } from '../support/sockets/rest.ts';
import { closed, dial, received, until } from '../support/sockets/sockets.ts';

afterEach(closeAll);
describe('rest', () => {
  it('answers 503 beyond max_requests, and accepts requests again afterwards', async () => {
    const { get, lanes, node } = await start({ max_requests: 3 }, () => {});
    const held = [get('/api/v1/symbols'), get('/api/v1/symbols'), get('/api/v1/symbols')];
    await until(() => lanes.length === 3);
    expect(await get('/api/v1/symbols')).toMatchObject({
      status: 503,
      headers: { 'retry-after': '1' },
      body: { code: 'FDP_BUSY' },
    });
    for (const lane of lanes) lane.request?.respond([]);
    for (const reply of await Promise.all(held)) expect(reply.status).toBe(200);
    await until(() => node.extra['requests_open'] === 0);
    const next = get('/api/v1/symbols');
    await until(() => lanes.length === 4);
    lanes[3]?.request?.respond([]);
    expect((await next).status).toBe(200);
    expect(node.extra['refused']).toBe(1);
  });

  it('closes 150 connections that send their request too slowly, while others are served', async () => {
    const { port, get, node } = await start({ client_timeout: '600ms' });
    const slow = await Promise.all(Array.from({ length: 150 }, () => dial(port)));
    const answers = slow.map((socket) => received(socket));
    const drip = (socket: Socket) => socket.write('X-A: b\r\n');
    for (const socket of slow) socket.write('GET /api/v1/symbols HTTP/1.1\r\nHost: localhost\r\n');
    let open = slow.length;
    for (const socket of slow) socket.on('close', () => open--);
    while (open > 0) {
      for (const socket of slow) if (socket.writable) drip(socket);
      expect((await get('/api/v1/symbols')).status).toBe(200);
    }
    expect(answers.filter(({ text }) => text.startsWith('HTTP/1.1 408 ')).length).toBeGreaterThan(0);
    expect(node.extra['malformed']).toBe(150);
  });

  it('drops a client that does not read its reply', async () => {
    const { port, node } = await start({ timeout: '50ms', client_timeout: '300ms' }, (lane) =>
      lane.request?.respond('x'.repeat(20_000_000)),
    );
    const socket = await dial(port);
    sockets.push(socket);
    socket.pause();
    socket.write('GET /api/v1/symbols HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await until(() => node.extra['requests_open'] === 1);
    await until(() => node.extra['requests_open'] === 0);
    socket.resume();
    await closed(socket);
    expect(socket.bytesRead).toBeLessThan(20_000_000);
    expect(node.extra['slow_clients']).toBe(1);
  });

  it('refuses connections beyond max_connections; those that ask nothing take no place', async () => {
    const { port, node, get } = await start({ max_connections: 2 });
    const idle = await Promise.all(Array.from({ length: 20 }, () => dial(port)));
    sockets.push(...idle);
    for (const socket of idle.slice(0, 2)) {
      const seen = received(socket);
      socket.write('GET /api/v1/symbols HTTP/1.1\r\nHost: localhost\r\n\r\n');
      await until(() => seen.text.includes('200 OK'));
    }
    const { status, headers, body } = await get('/api/v1/symbols');
    expect([status, headers.connection, headers['retry-after'], body]).toEqual([
      503,
      'close',
      '1',
      { ...refusal('too many connections: try again later'), code: 'FDP_BUSY' },
    ]);
    expect(node.extra['refused_connections']).toBe(1);
    idle[0]?.destroy();
    await until(async () => (await get('/api/v1/symbols')).status === 200);
  });
});
