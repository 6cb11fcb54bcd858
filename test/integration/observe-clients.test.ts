import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { KeyFolder } from '../support/sockets/keys.ts';
import { closeOpened, open, sent, start, statusesOf } from '../support/sockets/observe.ts';
import { until } from '../support/sockets/sockets.ts';

afterEach(closeOpened);

describe('observe server', () => {
  it('gives metrics only to a key with the scope admin, where OBSERVE_KEYS names a file; health to everybody', async () => {
    using keys = new KeyFolder();
    const [admin, reader] = [keys.add('prometheus', 'admin'), keys.add('reader', 'read', 'stream')];
    const { address, log } = await start({ OBSERVE_PORT: '0', OBSERVE_KEYS: keys.file });
    const ask = async (path: string, key?: string) =>
      await fetch(`${address}${path}`, key === undefined ? {} : { headers: { authorization: `Bearer ${key}` } });
    for (const path of ['/health', '/health/live', '/health/ready']) expect((await ask(path)).status).toBe(200);
    expect((await ask('/metrics', admin)).status).toBe(200);
    const stranger = await ask('/metrics');
    expect([stranger.status, stranger.headers.get('www-authenticate')]).toEqual([
      401,
      'Basic realm="fdp", charset="UTF-8"',
    ]);
    expect(await stranger.json()).toMatchObject({ code: 'FDP_UNAUTHENTICATED' });
    for (const url of ['/metrics?x', '/metrics#x']) expect((await ask(url, `${admin}x`)).status).toBe(401);
    const other = await ask('/metrics', reader);
    expect([other.status, await other.json()]).toEqual([
      403,
      { error: 'the key does not have the scope "admin"', code: 'FDP_FORBIDDEN' },
    ]);
    expect((await ask('/nothing')).status).toBe(404);
    expect(JSON.stringify(log.lines)).not.toContain(admin.slice(4));
  });

  it('lets nobody try keys at will; a known one is let in all the same', async () => {
    using keys = new KeyFolder();
    const admin = keys.add('prometheus', 'admin');
    const { address, log } = await start({ OBSERVE_PORT: '0', OBSERVE_KEYS: keys.file });
    const ask = (key: string) => fetch(`${address}/metrics`, { headers: { 'x-api-key': key } });
    const guess = async () => {
      const { status, headers } = await ask('fdp_guess');
      return [status, headers.get('retry-after')];
    };
    const first = await Promise.all(Array.from({ length: 60 }, guess));
    expect(new Set(first.map(String))).toEqual(new Set(['401,']));
    await until(async () => String(await guess()) === '429,1');
    expect((await ask(admin)).status).toBe(200);
    expect((await fetch(`${address}/health/ready`)).status).toBe(200);
    const warnings = log.lines.filter(({ level }) => level === 'warn').map(({ text }) => text);
    expect(warnings).toEqual([expect.stringMatching(/^observe: (::ffff:)?127\.0\.0\.1 sends one wrong key after/)]);
  });

  it('answers probes while others hold as many connections as they can', async () => {
    const { address } = await start();
    const { hostname, port } = new URL(address);
    const crowd = Array.from({ length: 400 }, () => connect(Number(port), hostname));
    open.add({ close: () => crowd.map((socket) => socket.destroy()) });
    await Promise.all(
      crowd.map((socket) =>
        once(
          socket.on('error', () => {}),
          'connect',
        ),
      ),
    );
    await until(() => crowd.some((socket) => socket.closed || !socket.readable));
    expect((await fetch(`${address}/health`)).status).toBe(200);
  });

  it('leaves nothing open when it is closed, whoever is connected', async () => {
    const { address, close } = await start();
    const { hostname, port } = new URL(address);
    const silent = connect(Number(port), hostname);
    await once(silent, 'connect');
    const kept = request(`${address}/health/live`, { headers: { Connection: 'keep-alive' } }).end();
    const [response] = await once(kept, 'response');
    response.resume();
    const closed = Promise.all([once(silent, 'close'), once(kept, 'close')]);
    await Promise.all([close(), close()]);
    await closed;
    await expect(fetch(`${address}/health/live`)).rejects.toThrow();
  });

  it('answers at most 64 requests of one connection, however many arrive at once', async () => {
    const server = await start();
    const answer = await sent(server, 'GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(1000));
    expect(statusesOf(answer).filter((status) => status === '200')).toHaveLength(64);
  });

  it('closes connections that never finish their headers, while it serves others', async () => {
    const server = await start();
    const { hostname, port } = new URL(server.address);
    const slow = Array.from({ length: 50 }, () => connect(Number(port), hostname));
    for (const socket of slow) socket.on('error', () => {}).write('GET /metrics HTTP/1.1\r\nX: ');
    const closed = Promise.all(slow.map((socket) => once(socket.resume(), 'close')));
    expect((await fetch(`${server.address}/health/live`)).status).toBe(200);
    await closed;
  }, 30_000);

  it('accepts only Host headers of this machine when it listens on it alone', async () => {
    const { address } = await start();
    const asked = (host: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        const asking = request(`${address}/health/live`, { headers: { Host: host } }, (response) => {
          response.resume();
          resolve(response.statusCode);
        });
        asking.on('error', reject).end();
      });
    expect(await asked('localhost:9464')).toBe(200);
    expect(await asked('127.0.0.1')).toBe(200);
    expect(await asked('evil.example.com')).toBe(421);
  });
});
