import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { pageFolder, readPage } from '../../connectors/rest/page.ts';
import { setup as build } from '../support/cli/build.ts';
import { temporaryFolder } from '../support/cli/platform.ts';
import { ask, closeAll, raw, refusal, start } from '../support/sockets/rest.ts';

beforeAll(build, 300_000);
afterEach(closeAll);

const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** A reply that is not JSON. */
async function page(port: number, path: string, method = 'GET', etag?: string) {
  const text = await raw(
    port,
    `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${etag ? `If-None-Match: ${etag}\r\n` : ''}\r\n`,
  );
  const [head = '', ...body] = text.split('\r\n\r\n');
  const headers = Object.fromEntries(
    head.split('\r\n').map((row) => [row.split(': ')[0]?.toLowerCase(), row.slice(row.indexOf(': ') + 2)]),
  );
  return { status: Number(head.split(' ')[1]), headers, body: body.join('\r\n\r\n') };
}

describe('the live page of rest', () => {
  it('is served with everything that it refers to, under a strict policy', async () => {
    const { port } = await start({ ui: true });
    const index = await page(port, '/');
    expect(index).toMatchObject({
      status: 200,
      headers: {
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': policy,
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-cache',
        etag: expect.stringMatching(/^"[\w-]{43}"$/),
      },
    });
    const seen = new Set<string>();
    const asked = [...linksOf('/', index.body), '/docs'];
    for (const path of asked) {
      if (seen.has(path)) continue;
      seen.add(path);
      const file = await page(port, path);
      expect([path, file.status, file.headers['content-type']]).toEqual([path, 200, typeOf(path)]);
      asked.push(...linksOf(path, file.body));
    }
    expect([...seen]).toEqual(expect.arrayContaining(['/main.js', '/style.css', '/assets/lightweight-charts.js']));
  });

  it('is not sent again while it is unchanged, and not at all for HEAD', async () => {
    const { port } = await start({ ui: true });
    const { headers, body } = await page(port, '/main.js');
    expect(headers['content-type']).toBe('text/javascript; charset=utf-8');
    expect(await page(port, '/main.js', 'GET', headers['etag'])).toMatchObject({ status: 304, body: '' });
    expect(await page(port, '/main.js', 'HEAD')).toMatchObject({
      status: 200,
      body: '',
      headers: { etag: headers['etag'], 'content-length': String(Buffer.byteLength(body)) },
    });
    expect((await page(port, '/main.js', 'POST')).status).toBe(405);
  });

  it('consists only of its own files', async () => {
    const { port, get } = await start({ ui: true });
    const outside = [
      '/../package.json',
      '/..%2fpackage.json',
      '/%2e%2e/package.json',
      '/parts/../../../package.json',
      '//etc/passwd',
    ];
    for (const path of [...outside, '/index.html', '/docs.html', '/page/main.js', '/model', '/.built', '/main.js%00'])
      expect([path, (await page(port, path)).status]).toEqual([path, 404]);
    expect(await get('/nothing')).toMatchObject({ status: 404, body: refusal() });
  });

  it('has the shipped calendars beside it', async () => {
    const { port } = await start({ ui: true });
    const { headers, body } = await page(port, '/calendars/XNYS.json');
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
    expect(JSON.parse(body)).toMatchObject({ zone: 'America/New_York', sessions: { monday: { open: '09:30' } } });
    expect((await page(port, '/calendars/XNYS.yml')).status).toBe(404);
  });

  it('is served only with `ui`', async () => {
    const { get } = await start();
    for (const path of ['/', '/main.js', '/assets/lightweight-charts.js', '/calendars/XNYS.json'])
      expect(await get(path)).toMatchObject({ status: 404, body: refusal() });
  });

  it('has a reference of the API beside it, which is served without `ui` too', async () => {
    const { port, get } = await start();
    expect((await get('/openapi.json')).status).toBe(200);
    const asked = ['/docs'];
    for (const path of asked) {
      const file = await page(port, path);
      expect([path, file.status, file.headers['content-type']]).toEqual([path, 200, typeOf(path)]);
      asked.push(...linksOf(path, file.body).filter((link) => link !== '/' && !asked.includes(link)));
    }
    expect(asked).toContain('/docs.js');
  });

  it('is a list of files that was read at the start', () => {
    using folder = temporaryFolder();
    expect(readPage(folder.path)).toBeUndefined();
    mkdirSync(join(folder.path, 'deep'));
    for (const name of ['index.html', 'docs.html', 'a.js', 'a.js.map', 'deep/b.css', '.hidden', 'c.ts'])
      writeFileSync(join(folder.path, name), name);
    expect(
      readPage(folder.path)
        ?.map(({ path }) => path)
        .sort(),
    ).toEqual(
      [
        '/',
        '/a.js',
        '/assets/lightweight-charts.js',
        ...['FX', 'XNAS', 'XNYS', 'always'].map((name) => `/calendars/${name}.json`),
        '/deep/b.css',
        '/docs',
      ].sort(),
    );
    expect(readPage(pageFolder)?.map(({ path }) => path)).toContain('/main.js');
  });
});

describe('the host names that rest accepts', () => {
  const asking = async (port: number, host: string) =>
    (await ask(port, '/api/v1/symbols', { headers: { Host: host } })).status;

  it('are addresses and localhost, while it listens on this machine alone', async () => {
    const { port, get } = await start();
    for (const host of ['localhost', `localhost:${port}`, 'LOCALHOST', '127.0.0.1:1', '[::1]:8000', '192.168.0.1'])
      expect([host, await asking(port, host)]).toEqual([host, 200]);
    for (const host of ['evil.example', 'localhost.evil.example:8000', '127.0.0.1.evil.example', 'a b'])
      expect([host, await asking(port, host)]).toEqual([host, 421]);
    expect(await get('/', { headers: { Host: 'evil.example' } })).toMatchObject({ status: 421, body: refusal() });
  });

  it('include those of `hosts`', async () => {
    const { port } = await start({ hosts: ['api.Example.com'] });
    expect(await asking(port, 'API.example.com:443')).toBe(200);
    expect(await asking(port, 'localhost')).toBe(200);
    expect(await asking(port, 'example.com')).toBe(421);
  });

  it('are all names when other machines can reach it, unless some are configured', async () => {
    const open = await start({ insecure: true, listen: '0.0.0.0:0' });
    expect(await asking(open.port, 'whatever.example')).toBe(200);
    const named = await start({ insecure: true, listen: '0.0.0.0:0', hosts: ['api.example.com'] });
    expect(await asking(named.port, 'whatever.example')).toBe(421);
  });
});

/** The resources that a file of the page refers to: sources and style sheets of a document, imports of a module. */
function linksOf(path: string, body: string): readonly string[] {
  const found =
    path === '/' || path === '/docs'
      ? [...body.matchAll(/(?:src|<link[^>]* href)="([^"#]+)"/g)]
      : path.endsWith('.js') && !path.startsWith('/assets/')
        ? [...body.matchAll(/(?:from |import |import\()["']([^"']+)["']/g)]
        : [];
  return found
    .map(([, link = '']) => new URL(link, `http://localhost${path}`))
    .map(({ host, pathname }) => {
      expect(host).toBe('localhost');
      return pathname;
    });
}

function typeOf(path: string): string {
  if (path.endsWith('.js')) return 'text/javascript; charset=utf-8';
  if (path.endsWith('.css')) return 'text/css; charset=utf-8';
  return path.endsWith('.svg') ? 'image/svg+xml' : 'text/html; charset=utf-8';
}
