import { afterEach, describe, expect, it } from 'vitest';
import { FdpError } from '../../src/errors.ts';
import { closeAll, echo, never, raw, refusal, routes, sockets, start } from '../support/sockets/rest.ts';
import { closed, dial, received, until } from '../support/sockets/sockets.ts';

afterEach(closeAll);

const bodyOf = (answer: string) => JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)) as Record<string, unknown>;
describe('rest', () => {
  it('makes a lane of each request, with its route and its raw parameters', async () => {
    const { get, lanes, node } = await start();
    const reply = await get('/api/v1/trades/BRK%2FB%20%7B?limit=15&before=1&before=2');
    expect(reply).toMatchObject({ status: 200, body: { error: null, message: null } });
    expect(JSON.parse(reply.text).data).toEqual({
      route: 'GET /api/v1/trades/{symbol}',
      value: { limit: '15', before: ['1', '2'], symbol: 'BRK/B {' },
    });
    await get('/api/v1/symbols');
    const [first, second] = lanes;
    expect(first?.id).not.toBe(second?.id);
    expect(first?.request?.path).toBe('/api/v1/trades/BRK%2FB%20%7B');
    expect(first?.request?.query).toBe('limit=15&before=1&before=2');
    expect(second?.chain).toBe('GET /api/v1/symbols');
    expect(await second?.read(never)).toBeUndefined();
    expect(first?.signal.aborted).toBe(false);
    expect(node.extra).toMatchObject({ requests: 2, requests_open: 0 });
  });

  it('sends headers for caches, browsers and request ids', async () => {
    const { get } = await start();
    const reply = await get('/api/v1/symbols', { headers: { 'X-Request-Id': 'mine-1' } });
    expect(reply.headers).toMatchObject({
      'cache-control': 'no-cache',
      'content-type': 'application/json; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'x-request-id': 'mine-1',
    });
    expect(reply.headers['x-powered-by']).toBeUndefined();
    const same = await get('/api/v1/symbols', { headers: { 'If-None-Match': reply.headers.etag } });
    expect(same).toMatchObject({ status: 304, text: '' });
    const missing = await get('/nothing', { headers: { 'X-Request-Id': 'not plain' } });
    expect(missing.headers['cache-control']).toBe('no-store');
    expect(missing.headers['x-request-id']).toMatch(/^[\da-f-]{36}$/);
    expect(missing.body['request_id']).toBe(missing.headers['x-request-id']);
  });

  it('answers HEAD like GET, without the body', async () => {
    const { get } = await start();
    const whole = await get('/api/v1/symbols');
    const head = await get('/api/v1/symbols', { method: 'HEAD' });
    expect(head).toMatchObject({ status: 200, text: '' });
    expect(head.headers['content-length']).toBe(whole.headers['content-length']);
  });

  it('answers every invalid request with the same envelope', async () => {
    const { get, port, lanes } = await start();
    const missing = await get('/api/v2');
    expect(missing).toMatchObject({ status: 404, body: refusal(expect.stringContaining(routes[1] ?? '')) });
    const method = await get('/api/v1/symbols', { method: 'DELETE' });
    expect(method).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' }, body: refusal() });
    expect(await get('/api/v1/symbols', { method: 'OPTIONS' })).toMatchObject({ status: 405 });
    for (const path of ['/api/v1/trades/%zz', '/api/v1/trades/%', '/api/v1/symbols?a=%ff'])
      expect(await get(path)).toMatchObject({ status: 400, body: refusal(expect.stringContaining('percent')) });
    expect(await get(`/api/v1/symbols?${'x'.repeat(5000)}`)).toMatchObject({ status: 414, body: refusal() });
    expect(await get('/', { headers: { 'X-Long': 'x'.repeat(20_000) } })).toMatchObject({
      status: 431,
      body: refusal(),
    });
    const head = 'GET /api/v1/symbols HTTP/1.1\r\nHost: localhost\r\n';
    const large = await raw(port, `${head}Content-Length: 70000\r\n\r\n`);
    expect(large).toMatch(/^HTTP\/1.1 413 /);
    expect(bodyOf(large)).toEqual(refusal());
    for (const text of ['hello\r\n\r\n', 'GET / HTTP/1.1\r\n\r\n', `${head}bad header\r\n\r\n`, '\x16\x03\x01\x00']) {
      const answer = await raw(port, text);
      expect(answer).toMatch(/^HTTP\/1.1 400 /);
      expect(bodyOf(answer)).toEqual(refusal());
    }
    expect(lanes).toHaveLength(0);
  });

  it('ignores a small body and aborts an endless one', async () => {
    const { port } = await start({}, () => {});
    const head = 'GET /api/v1/symbols HTTP/1.1\r\nHost: localhost\r\n';
    const socket = await dial(port);
    sockets.push(socket);
    socket.write(`${head}Transfer-Encoding: chunked\r\n\r\n`);
    socket.write(`20000\r\n${'x'.repeat(0x20000)}\r\n`);
    await closed(socket);
    const served = await start();
    expect(await raw(served.port, `${head}Content-Length: 3\r\nConnection: close\r\n\r\nabc`)).toMatch(
      /^HTTP\/1.1 200 /,
    );
  });

  it('replies to each of many requests that fail because a store is missing, and logs it in one line', async () => {
    const away = new FdpError('FDP_UNAVAILABLE', 'trades: away');
    const { get, log, source } = await start({}, (lane) => lane.request?.fail(away));
    const failures = () => log.lines.filter(({ text }) => text === 'http: a request failed');
    const many = Array.from({ length: 50 }, () => get('/api/v1/symbols'));
    for (const reply of await Promise.all(many)) expect(reply.status).toBe(503);
    expect(failures().length).toBeLessThan(many.length);
    await source.close();
    const counts = failures().map(({ fields }) => 1 + ((fields as { suppressed?: number }).suppressed ?? 0));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(many.length);
  });

  it('reports what is wrong with a parameter, and no internals', async () => {
    const errors = [
      new FdpError('FDP_PARAMETER_INVALID', 'limit: expected an integer, got "x"'),
      new FdpError('FDP_UNAVAILABLE', 'trades: mongodb://secret is away'),
      new FdpError('FDP_INTERNAL', 'at Object.<anonymous> (/secret/path.ts:1:1)'),
      new FdpError('FDP_TIMEOUT', 'find: secret'),
    ];
    const { get, log } = await start({}, (lane) => lane.request?.fail(errors.shift() ?? new FdpError('FDP_BUSY', '')));
    expect(await get('/api/v1/symbols')).toMatchObject({
      status: 400,
      body: refusal('limit: expected an integer, got "x"'),
    });
    const away = await get('/api/v1/symbols');
    expect(away).toMatchObject({ status: 503, headers: { 'retry-after': '1' }, body: refusal() });
    const broken = await get('/api/v1/symbols');
    expect(broken).toMatchObject({ status: 500, body: refusal('internal error') });
    const late = await get('/api/v1/symbols');
    expect(late).toMatchObject({ status: 504, body: refusal('request timed out') });
    for (const { text } of [away, broken, late]) expect(text).not.toContain('secret');
    expect(log.lines).toContainEqual(
      expect.objectContaining({
        level: 'error',
        fields: expect.objectContaining({ request_id: broken.body['request_id'], code: 'FDP_INTERNAL' }),
      }),
    );
  });

  it('answers once, with the first of two replies, even if the reply has no JSON', async () => {
    const { get } = await start({}, ({ request, chain }) => {
      if (chain === routes[0]) request?.respond({ big: 1n });
      else request?.respond(undefined);
      request?.fail(new FdpError('FDP_BUSY', ''));
      request?.respond(2);
    });
    expect(await get('/api/v1/symbols')).toMatchObject({ status: 500, body: refusal('internal error') });
    expect(await get('/api/v1/trades/A')).toMatchObject({
      status: 200,
      body: { data: null, error: null, message: null },
    });
  });

  it('gives up a request after its timeout, and ignores the late reply', async () => {
    const { get, lanes, node } = await start({ timeout: '50ms' }, () => {});
    expect(await get('/api/v1/symbols')).toMatchObject({ status: 504, body: refusal('request timed out') });
    expect(lanes[0]?.signal.aborted).toBe(true);
    lanes[0]?.request?.respond('late');
    expect(node.extra).toMatchObject({ timed_out: 1, requests_open: 0 });
  });

  it('clears the timeouts of a request that was answered', async () => {
    let isQuick = true;
    const { get, node } = await start({ timeout: '40ms', client_timeout: '40ms' }, (lane) => {
      if (isQuick) void echo(lane);
    });
    expect((await get('/api/v1/symbols')).status).toBe(200);
    isQuick = false;
    for (let late = 0; late < 3; late++) expect((await get('/api/v1/symbols')).status).toBe(504);
    expect(node.extra).toEqual({ requests: 4, requests_open: 0, timed_out: 3 });
  });

  it('aborts a request when the client disconnects, even one that waits behind another', async () => {
    const { port, lanes, node } = await start({}, () => {});
    const socket = await dial(port);
    socket.write('GET /api/v1/symbols HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(3));
    await until(() => lanes.length === 3);
    expect(node.extra['requests_open']).toBe(3);
    socket.resetAndDestroy();
    await until(() => lanes.every(({ signal }) => signal.aborted));
    expect(node.extra).toMatchObject({ requests_open: 0, abandoned: 3 });
    lanes[0]?.request?.respond('nobody');
  });

  it('answers pipelined requests in order', async () => {
    const { port, lanes } = await start({}, () => {});
    const socket = await dial(port);
    sockets.push(socket);
    const seen = received(socket);
    socket.write('GET /api/v1/symbols HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(3));
    await until(() => lanes.length === 3);
    for (const index of [2, 0, 1]) lanes[index]?.request?.respond(`reply ${index}`);
    await until(() => seen.text.includes('reply 2'));
    expect(seen.text.match(/reply \d/g)).toEqual(['reply 0', 'reply 1', 'reply 2']);
  });
});
