import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { TopologyState } from '../../src/kit/snapshot.ts';
import { startObserveServer } from '../../src/observe/observe-server.ts';
import { recordingLog } from '../../src/testing/environment.ts';
import { figure, parseMetrics } from '../support/cli/metrics.ts';
import { processSnapshot, topologySnapshot } from '../support/engine/snapshots.ts';
import { closeOpened, open, running, sent, start, statusesOf } from '../support/sockets/observe.ts';

afterEach(closeOpened);

const elsewhere = 'stop it, or set OBSERVE_PORT to another port, 0 for any free one';

/** Another program on any port, which does no more than `answer` with who connects. */
async function occupy(answer: (socket: Socket) => void = () => {}): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    // One that nobody reads notices no end of its client.
    open.add({ close: () => socket.destroy() });
    answer(socket);
  }).listen(0, '127.0.0.1');
  open.add(server);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

describe('observe server', () => {
  it('serves metrics that Prometheus can read, computed for every scrape', async () => {
    let read = 5;
    const { address } = await start(undefined, () =>
      processSnapshot(0, [topologySnapshot('flow', { read: read++, delivered: read - 1 })]),
    );
    for (const expected of [5, 6]) {
      const response = await fetch(`${address}/metrics?name=x`);
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
      const series = parseMetrics(await response.text());
      expect(figure(series, 'fdp_messages_read_total', { topology: 'flow' })).toBe(expected);
      expect(figure(series, 'nodejs_version_info')).toBe(1);
    }
  });

  it('serves health: alive always, ready with 200 or 503', async () => {
    let state: TopologyState = 'running';
    const { address } = await start(undefined, () =>
      processSnapshot(0, [topologySnapshot('flow', { state, ready: state === 'running' })]),
    );
    const ask = async (page: string) => {
      const response = await fetch(`${address}/health${page}`);
      const { status } = (await response.json()) as { readonly status: string };
      return [response.status, response.headers.get('cache-control'), status];
    };
    expect(await ask('')).toEqual([200, 'no-store', 'sound']);
    expect(await ask('/live')).toEqual([200, 'no-store', 'live']);
    expect(await ask('/ready')).toEqual([200, 'no-store', 'ready']);
    state = 'draining';
    expect(await ask('/live')).toEqual([200, 'no-store', 'live']);
    expect(await ask('/ready')).toEqual([503, 'no-store', 'draining']);
    state = 'failed';
    expect(await ask('')).toEqual([503, 'no-store', 'failed']);
  });

  it('answers HEAD, refuses other methods, and lists its paths', async () => {
    const { address } = await start();
    const head = await fetch(`${address}/health/ready`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    const post = await fetch(`${address}/metrics`, { method: 'POST', body: 'x' });
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    for (const path of ['/', '/toString', '/metrics/', '/%00', '/health/']) {
      const missing = await fetch(`${address}${path}`);
      expect(missing.status).toBe(404);
      expect(await missing.json()).toEqual({
        error: 'not found',
        pages: ['/metrics', '/health', '/health/live', '/health/ready'],
      });
    }
  });

  it('reports a failed snapshot, in its log and with 500, and continues', async () => {
    let fails = true;
    const { address, log } = await start(undefined, () => {
      if (fails) throw new TypeError('a bug');
      return running;
    });
    const failed = await fetch(`${address}/health/ready`);
    expect([failed.status, await failed.json()]).toEqual([500, { error: 'internal error' }]);
    expect(log.lines.filter(({ level }) => level === 'warn').map(({ text }) => text)).toEqual(['observe: a bug']);
    fails = false;
    expect((await fetch(`${address}/health/ready`)).status).toBe(200);
  });

  it('takes the next free port when none was configured, and logs which', async () => {
    const first = await start({});
    const second = await start({});
    const [one, two] = [first, second].map(({ address }) => Number(new URL(address).port));
    expect(one).toBeGreaterThanOrEqual(9464);
    expect(two).toBeGreaterThan(one ?? 0);
    expect(second.log.lines.map(({ text }) => text)).toEqual([`observe: listening on 127.0.0.1 port ${two}`]);
    expect((await fetch(`${second.address}/health/live`)).status).toBe(200);
  });

  it('insists on a configured port', async () => {
    const port = await occupy();
    await expect(start({ OBSERVE_PORT: `${port}` })).rejects.toMatchObject({
      code: 'FDP_PORT_IN_USE',
      fault: 'fatal',
      message: `observe: port ${port} (from OBSERVE_PORT) on 127.0.0.1 is in use by another program: ${elsewhere}`,
    });
  });

  it('names the fdp process that has the configured port', async () => {
    const first = await start();
    const { port } = new URL(first.address);
    const { instance, pid } = running;
    await expect(start({ OBSERVE_PORT: port })).rejects.toMatchObject({
      code: 'FDP_PORT_IN_USE',
      message: `observe: port ${port} (from OBSERVE_PORT) on 127.0.0.1 is in use by another fdp (${instance}, pid ${pid}): ${elsewhere}`,
    });
  });

  it.each([
    ['says something else', (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n{"instance":"a b","pid":1}')],
    ['says nothing', () => {}],
    ['never ends', (socket: Socket) => socket.write(`HTTP/1.1 200 OK\r\n\r\n${'{'.repeat(100_000)}`)],
  ])('is not blocked by a program that has the port and %s', async (_how, answer) => {
    const port = await occupy(answer);
    await expect(start({ OBSERVE_PORT: `${port}` })).rejects.toMatchObject({
      message: expect.stringContaining('is in use by another program'),
    });
  });

  it('takes the next free port, and logs which, if the process only displays', async () => {
    const first = await start();
    const { port } = new URL(first.address);
    const log = recordingLog();
    const moved = await startObserveServer({
      env: { OBSERVE_PORT: port },
      log,
      snapshot: () => running,
      mayMove: true,
    });
    open.add(moved);
    const taken = Number(new URL(moved.address).port);
    expect(taken).not.toBe(Number(port));
    const texts = log.lines.map(({ text }) => text);
    expect(texts[0]).toContain(`port ${port} (from OBSERVE_PORT) on 127.0.0.1 is in use by another fdp`);
    expect(texts.at(-1)).toBe(`observe: listening on 127.0.0.1 port ${taken}`);
  });

  it.each(['x', '-1', '65536', '1e3', '94 64'])('refuses OBSERVE_PORT=%s', async (port) => {
    await expect(start({ OBSERVE_PORT: port })).rejects.toMatchObject({
      code: 'FDP_USAGE',
      message: `OBSERVE_PORT: expected a port, 0 to 65535 (0: any free one), got "${port}"`,
    });
  });

  it('listens on this machine alone unless OBSERVE_HOST is set, which needs FDP_INSECURE, and then warns', async () => {
    await expect(start({ OBSERVE_PORT: '0', OBSERVE_HOST: '0.0.0.0' })).rejects.toMatchObject({
      code: 'FDP_USAGE',
      message: expect.stringMatching(
        /^OBSERVE_HOST: 0\.0\.0\.0 lets other machines reach .* without keys and TLS: set OBSERVE_KEYS/,
      ),
    });
    const { log, address } = await start({ OBSERVE_PORT: '0', OBSERVE_HOST: '0.0.0.0', FDP_INSECURE: 'true' });
    expect(log.lines.map(({ level }) => level)).toEqual(['info', 'warn']);
    expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect((await fetch(`${address}/health/live`)).status).toBe(200);
  });

  it('listens on IPv6', async () => {
    const { address } = await start({ OBSERVE_PORT: '0', OBSERVE_HOST: '::1' });
    expect(address).toMatch(/^http:\/\/\[::1\]:\d+$/);
    expect((await fetch(`${address}/health/live`)).status).toBe(200);
  });

  it.each([
    [
      'two Host headers',
      'GET /health/live HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\nConnection: close\r\n\r\n',
      '400',
    ],
    ['no Host header', 'GET /health/live HTTP/1.1\r\n\r\n', '400'],
    ['headers of 9 KiB', `GET /health/live HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(9216)}\r\n\r\n`, '431'],
    ['what is no request', 'garbage\r\n\r\n', '400'],
    [
      'an expectation',
      'GET /health/live HTTP/1.1\r\nHost: localhost\r\nExpect: foo\r\nConnection: close\r\n\r\n',
      '417',
    ],
  ])('refuses %s', async (_what, text, status) => {
    expect(statusesOf(await sent(await start(), text))).toEqual([status]);
  });
});
