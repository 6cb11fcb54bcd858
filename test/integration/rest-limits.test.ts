import { afterEach, describe, expect, it } from 'vitest';
import { checkProxies } from '../../connectors/rest/limit-options.ts';
import { VirtualClock } from '../../src/simulate/virtual-clock.ts';
import { KeyFolder } from '../support/sockets/keys.ts';
import { closeAll, refusal, start } from '../support/sockets/rest.ts';

afterEach(closeAll);
const path = '/api/v1/symbols';

describe('rate_limit', () => {
  it('of an address: replies say what is left, and what is more gets 429 until it has waited', async () => {
    const clock = new VirtualClock();
    const limits = { rate_limit: { per_address: '30/m', burst: 2 } };
    const { get, node } = await start(limits, undefined, { clock });
    const left = async () => {
      const { status, headers } = await get(path);
      return [status, headers['ratelimit-policy'], headers['ratelimit']];
    };
    expect(await left()).toEqual([200, '"address";q=2;w=4', '"address";r=1;t=2']);
    expect(await left()).toEqual([200, '"address";q=2;w=4', '"address";r=0;t=4']);
    const refused = await get('/nothing');
    expect([refused.status, refused.headers['ratelimit'], refused.headers['retry-after'], refused.body]).toEqual([
      429,
      '"address";r=0;t=4',
      '2',
      {
        ...refusal('too many requests of this address: try again after Retry-After seconds'),
        code: 'FDP_RATE_LIMITED',
      },
    ]);
    expect(node.extra['rate_limited']).toBe(1);
    await clock.advance(2000);
    expect((await left())[0]).toBe(200);
    expect((await get(path)).status).toBe(429);
  });

  it('of a key: each has its own, and strangers take nothing of it', async () => {
    using keys = new KeyFolder();
    const [one, other] = [keys.add('one', 'read'), keys.add('other', 'read')];
    const limits = { keys: { file: keys.file }, rate_limit: { per_key: '1/h', burst: 2 } };
    const { get } = await start(limits);
    const statusOf = async (key: string) => (await get(path, { headers: { 'x-api-key': key } })).status;
    expect([await statusOf(one), await statusOf(`${one}x`), await statusOf(one), await statusOf(one)]).toEqual([
      200, 401, 200, 429,
    ]);
    expect(await statusOf(other)).toBe(200);
    expect((await get(path)).status).toBe(401);
  });

  it('of both: what is left of each is told, and guesses of keys are limited by their address', async () => {
    using keys = new KeyFolder();
    const key = keys.add('one', 'read');
    const limits = { keys: { file: keys.file }, rate_limit: { per_address: '1/h', per_key: '1/m', burst: 3 } };
    const { get } = await start(limits);
    const known = await get(path, { headers: { 'x-api-key': key } });
    expect(known.headers['ratelimit-policy']).toBe('"address";q=3;w=10800, "key";q=3;w=180');
    expect(known.headers['ratelimit']).toBe('"address";r=2;t=3600, "key";r=2;t=60');
    for (const status of [401, 401, 429, 429])
      expect((await get(path, { headers: { 'x-api-key': `fdp_guess` } })).status).toBe(status);
  });

  it('of an address: the one that a trusted proxy says; others say what they like', async () => {
    const rate_limit = { per_address: '1/h', burst: 1 };
    const forwarded = (address: string) => ({ headers: { 'x-forwarded-for': address } });
    const stranger = await start({ rate_limit, trusted_proxies: ['192.0.2.0/24'] });
    expect((await stranger.get(path, forwarded('198.51.100.1'))).status).toBe(200);
    expect((await stranger.get(path, forwarded('198.51.100.2'))).status).toBe(429);

    const { get } = await start({ rate_limit, trusted_proxies: ['127.0.0.0/8', '10.0.0.0/8', '2001:db8:ffff::/48'] });
    const statusOf = async (address: string) => (await get(path, forwarded(address))).status;
    // What a client sends itself stands before what the proxies add.
    expect(await statusOf('198.51.100.1')).toBe(200);
    for (const spoofed of ['198.51.100.1', '203.0.113.9, 198.51.100.1', '203.0.113.9,198.51.100.1, 10.1.2.3'])
      expect(await statusOf(spoofed)).toBe(429);
    expect(await statusOf('198.51.100.2, 2001:db8:ffff::7')).toBe(200);
    expect(await statusOf('2001:db8::1')).toBe(200);
    expect(await statusOf('2001:db8::2')).toBe(429);
    // No address: it counts for the proxy.
    expect([await statusOf('unknown'), await statusOf('"; drop'), (await get(path)).status]).toEqual([200, 429, 429]);
  });

  it.each([
    '0.0.0.0/0',
    '::/0',
    '10.0.0.0/33',
    '10.0.0',
    'proxy.example.com',
    '::1/129',
    'fe80::1%eth0',
    '',
    'loopback',
    '10.0.0.0/8/8',
  ])('trusts no proxy %j, and says why', (text) => {
    const reports: string[] = [];
    checkProxies(['127.0.0.1', '::1/128', text], (at, what) => reports.push(`${at.join('.')}: ${what}`));
    expect(reports).toEqual([expect.stringMatching(/^trusted_proxies\.2: ".*" is neither: expected an address/)]);
  });

  it('is off by default, and then no header speaks of it', async () => {
    const { get } = await start();
    for (let index = 0; index < 50; index++) expect((await get(path)).status).toBe(200);
    const { headers } = await get(path);
    expect(Object.keys(headers).filter((name) => name.startsWith('ratelimit'))).toEqual([]);
  });

  it('stands in /openapi.json', async () => {
    const { get } = await start({ rate_limit: { per_address: '600/m' } });
    const { paths, components } = (await get('/openapi.json')).body as unknown as {
      readonly paths: Record<string, { readonly get: { readonly responses: Record<string, unknown> } }>;
      readonly components: { readonly responses: Record<string, unknown> };
    };
    for (const { get: operation } of Object.values(paths))
      expect(operation.responses['429']).toEqual({ $ref: '#/components/responses/TooManyRequests' });
    expect(components.responses).toHaveProperty('TooManyRequests');
  });
});

describe('cors', () => {
  const origin = 'https://charts.example.com';
  const preflight = { origin, 'access-control-request-method': 'GET', 'access-control-request-headers': 'x-api-key' };

  it('lets a listed origin ask first without a key, and read the reply with one', async () => {
    using keys = new KeyFolder();
    const key = keys.add('one', 'read');
    const { get } = await start({ keys: { file: keys.file }, cors: [origin] });
    const first = await get(path, { method: 'OPTIONS', headers: preflight });
    expect(first.status).toBe(204);
    expect(first.headers).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-allow-headers': expect.stringContaining('X-API-Key'),
      vary: 'Origin',
    });
    const reply = await get(path, { headers: { origin, 'x-api-key': key } });
    expect([reply.status, reply.headers['access-control-allow-origin']]).toEqual([200, origin]);
    expect(reply.headers['access-control-expose-headers']).toContain('RateLimit, RateLimit-Policy');
  });

  it('tells other origins nothing, and they need a key even to ask first', async () => {
    using keys = new KeyFolder();
    const { get } = await start({ keys: { file: keys.file }, cors: [origin] });
    for (const foreign of ['https://evil.example', 'null', `${origin}.evil.example`, origin.replace('https', 'http')]) {
      const { status, headers } = await get(path, { method: 'OPTIONS', headers: { ...preflight, origin: foreign } });
      expect([status, headers['access-control-allow-origin']]).toEqual([401, undefined]);
    }
  });

  it('never allows credentials: not with *, and not with a list', async () => {
    for (const cors of [['*'], [origin], [origin, '*']]) {
      const { get } = await start({ cors });
      for (const request of [{ headers: { origin } }, { method: 'OPTIONS', headers: preflight }]) {
        const { headers } = await get(path, request);
        expect(headers['access-control-allow-origin']).toBe(cors.includes('*') ? '*' : origin);
        expect(headers['access-control-allow-credentials']).toBeUndefined();
      }
    }
  });
});
