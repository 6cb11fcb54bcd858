import { afterEach, describe, expect, it } from 'vitest';
import { ask, closeAll, echo, raw, refusal, sockets, start } from '../support/sockets/rest.ts';
import { closed, dial, received, until } from '../support/sockets/sockets.ts';

afterEach(closeAll);

const head = 'HTTP/1.1\r\nHost: localhost\r\n';
const symbols = `GET /api/v1/symbols ${head}\r\n`;
const statuses = (text: string) => [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status));
const bodyOf = (answer: string) => JSON.parse(answer.slice(answer.lastIndexOf('\r\n\r\n') + 4));

describe('misbehaving clients', () => {
  it('leave no stream open that they pipelined behind another one, and do not delay the close', async () => {
    const { port, node, source } = await start({ ui: true, max_streams: 2 });
    const socket = await dial(port);
    sockets.push(socket);
    const seen = received(socket);
    socket.write(`GET /api/v1/stream ${head}\r\n`.repeat(60));
    await until(() => seen.text.includes('retry: 2000'));
    socket.destroy();
    await until(() => node.extra['streams_open'] === 0);
    const two = await Promise.all([dial(port), dial(port)]);
    sockets.push(...two);
    const streams = two.map((each) => received(each));
    for (const each of two) each.write(`GET /api/v1/stream ${head}\r\n`.repeat(3));
    await until(() => streams.every(({ text }) => text.includes('retry: 2000')));
    await source.close();
  });

  it('get their response before the data after the request is refused', async () => {
    const { port } = await start({}, (lane) => void setImmediate(() => void echo(lane)));
    const answer = await raw(port, `${symbols}garbage\r\n\r\n`);
    expect(statuses(answer)).toEqual([200, 400]);
    expect(bodyOf(answer)).toMatchObject(refusal('this is not an HTTP request'));
  });

  it('get their response before an expectation in the next request is refused', async () => {
    const { port, lanes } = await start({}, () => {});
    const answer = raw(port, `${symbols}GET /api/v1/symbols ${head}Expect: foo\r\n\r\n`);
    await until(() => lanes.length === 1);
    for (const lane of lanes) await echo(lane);
    expect(statuses(await answer)).toEqual([200, 417]);
  });

  it('are refused once, however much garbage they send after a request', async () => {
    const { port, lanes, node } = await start({}, () => {});
    const socket = await dial(port);
    sockets.push(socket);
    const seen = received(socket);
    const ended = closed(socket);
    socket.write(symbols);
    await until(() => lanes.length === 1);
    for (let chunk = 0; chunk < 50; chunk++) {
      socket.write('garbage\r\n\r\n');
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    await until(() => node.extra['malformed'] !== undefined);
    for (const lane of lanes) await echo(lane);
    await ended;
    expect(statuses(seen.text)).toEqual([200, 400]);
    expect(node.extra['malformed']).toBe(1);
  });

  it('get 503 for more than 16 requests of one connection at once; others are served meanwhile', async () => {
    const { port, lanes, get } = await start({}, () => {});
    const answer = raw(port, symbols.repeat(17));
    await until(() => lanes.length === 16);
    const other = get('/api/v1/trades/AAPL');
    await until(() => lanes.length === 17);
    for (const lane of lanes) await echo(lane);
    expect(await other).toMatchObject({ status: 200 });
    expect(statuses(await answer)).toEqual([...Array(16).fill(200), 503]);
  });

  it('get 400 for two Host headers, and 417 for an expectation, in the common envelope', async () => {
    const { port } = await start();
    const two = await raw(port, `GET /api/v1/symbols ${head}Host: other.example\r\n\r\n`);
    expect([statuses(two), bodyOf(two)]).toEqual([[400], refusal('the request has more than one Host header')]);
    const expecting = await raw(port, `GET /api/v1/symbols ${head}Expect: foo\r\n\r\n`);
    expect([statuses(expecting), bodyOf(expecting)]).toEqual([[417], refusal()]);
    expect(expecting).toContain('X-Content-Type-Options: nosniff');
  });

  it.each([
    ['/api/v1/symbols?limt=5', 'unknown parameter "limt": there are no parameters here'],
    ['/api/v1/trades/AAPL?limt=5', 'unknown parameter "limt": did you mean "limit"? (parameters here: limit, before)'],
    ['/api/v1/trades/AAPL?limit=5&symbol=MSFT', 'unknown parameter "symbol": parameters here: limit, before'],
    ['/api/v1/trades/AAPL?__proto__=1', 'unknown parameter "__proto__": parameters here: limit, before'],
    ['/api/v1/trades/AAPL?toString', 'unknown parameter "toString": parameters here: limit, before'],
  ])('get an error for a parameter that the route does not have: %s', async (path, text) => {
    const { get, lanes } = await start({}, (lane) => void echo(lane));
    expect(await get(path)).toMatchObject({ status: 400, body: refusal(text) });
    expect(lanes).toEqual([]);
  });

  it('get different codes for missing and for impossible values', async () => {
    const { get } = await start();
    expect(await get('/api/v2')).toMatchObject({ status: 404, body: { code: 'FDP_NOT_FOUND' } });
    const deleted = await get('/api/v1/symbols', { method: 'DELETE' });
    expect(deleted).toMatchObject({ status: 405, body: { code: 'FDP_METHOD_NOT_ALLOWED' } });
  });
});

describe('pages of other origins', () => {
  const origin = 'https://charts.example.com';
  const preflight = { method: 'OPTIONS', headers: { Origin: origin, 'Access-Control-Request-Method': 'GET' } };

  it('are refused by default', async () => {
    const { get } = await start();
    const { headers } = await get('/api/v1/symbols', { headers: { Origin: origin } });
    expect(headers['access-control-allow-origin']).toBeUndefined();
    expect(await get('/api/v1/symbols', preflight)).toMatchObject({ status: 405 });
  });

  it('may read the replies if `cors` names them, and no others may', async () => {
    const { get } = await start({ cors: [origin] });
    const { headers } = await get('/api/v1/symbols', { headers: { Origin: origin } });
    expect(headers).toMatchObject({
      'access-control-allow-origin': origin,
      'cross-origin-resource-policy': 'cross-origin',
      vary: 'Origin',
    });
    expect((await get('/none', { headers: { Origin: origin } })).headers).toMatchObject({
      'access-control-allow-origin': origin,
    });
    expect(await get('/api/v1/symbols', preflight)).toMatchObject({
      status: 204,
      headers: { 'access-control-allow-methods': 'GET, HEAD', 'access-control-allow-origin': origin },
    });
    const other = await get('/api/v1/symbols', { headers: { Origin: 'https://other.example.com' } });
    expect(other.headers['access-control-allow-origin']).toBeUndefined();
    expect(other.headers['vary']).toBe('Origin');
  });
});

describe('names of the server', () => {
  const named = (port: number, host: string) => ask(port, '/api/v1/symbols', { headers: { Host: host } });

  it('may be listed in one text, as a variable gives them, and `*` is every name', async () => {
    const some = await start({ insecure: true, listen: '0.0.0.0:0', hosts: 'localhost, api.example.com' });
    expect(await named(some.port, 'api.example.com')).toMatchObject({ status: 200 });
    expect(await named(some.port, 'evil.example.com')).toMatchObject({ status: 421 });
    const every = await start({ hosts: '*' });
    expect(await named(every.port, 'evil.example.com')).toMatchObject({ status: 200 });
  });
});
