import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectors } from '../../connectors/index.ts';
import { operators } from '../../operators/index.ts';
import { addKey, listKeys, removeKey } from '../../src/cli/keys/keys.ts';
import { VirtualClock } from '../../src/simulate/virtual-clock.ts';
import { closeAll, refusal, sourceOf, start } from '../support/sockets/rest.ts';
import { until } from '../support/sockets/sockets.ts';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fdp-keys-'));
  file = join(folder, 'keys.json');
  const http = `http: { type: rest, listen: "127.0.0.1:0", keys: { file: ${file} } }`;
  writeFileSync(join(folder, 'pipeline.yml'), `connectors:\n  ${http}\ntopologies: {}\n`);
});
afterEach(async () => {
  await closeAll();
  rmSync(folder, { recursive: true, force: true });
});

const request = () => ({
  ...{ pipelinePath: join(folder, 'pipeline.yml'), env: {}, components: { connectors, operators }, folder },
});
const added = (name: string, ...scope: readonly string[]): string =>
  JSON.parse(addKey(request(), name, { json: true, ...(scope.length > 0 ? { scope } : {}) }).text).key;
const listed = () => listKeys(request()).text;
const basic = (key: string) => `Basic ${Buffer.from(`anybody:${key}`).toString('base64')}`;

const path = '/api/v1/symbols';

describe('keys of the API', () => {
  it('let in whoever sends one, in each of the three ways, and nobody else', async () => {
    const key = added('charts');
    const { get, lanes } = await start({ keys: { file } });
    for (const headers of [
      { authorization: `Bearer ${key}` },
      { authorization: `bearer ${key}` },
      { 'x-api-key': key },
      { authorization: basic(key) },
    ])
      expect(await get(path, { headers })).toMatchObject({ status: 200 });
    expect(lanes).toHaveLength(4);
    for (const headers of [
      ...[{}, { authorization: '' }, { authorization: 'Bearer' }, { authorization: key }, { 'x-api-key': '' }],
      ...[{ authorization: `Bearer ${key}x` }, { 'x-api-key': key.slice(0, -1) }, { authorization: basic('') }],
      ...[{ authorization: 'Basic !!!' }, { 'x-api-key': 'x'.repeat(5000) }, { authorization: `Digest ${key}` }],
    ]) {
      const { status, body, headers: reply } = await get(path, { headers });
      expect([status, body]).toEqual([401, { ...refusal(), code: 'FDP_UNAUTHENTICATED' }]);
      expect(reply['www-authenticate']).toBe('Basic realm="fdp", charset="UTF-8"');
    }
    expect(lanes).toHaveLength(4);
  });

  it('guard everything that is served: routes, documents, pages, streams, and paths that do not exist', async () => {
    added('charts');
    const { get } = await start({ keys: { file }, ui: true });
    for (const each of [
      path,
      '/',
      '/docs',
      '/openapi.json',
      '/asyncapi.json',
      '/api/v1/stream',
      '/nothing',
      '/main.js',
    ])
      expect([each, (await get(each)).status]).toEqual([each, 401]);
    expect((await get(path, { method: 'HEAD' })).status).toBe(401);
    expect((await get(path, { method: 'POST' })).status).toBe(401);
  });

  it('have scopes: what a key has none for is 403, and names the scope', async () => {
    const [reader, watcher] = [added('reader'), added('watcher', 'stream')];
    const { get } = await start({ keys: { file } });
    const statusOf = async (key: string, each: string) => (await get(each, { headers: { 'x-api-key': key } })).status;
    expect(await statusOf(reader, path)).toBe(200);
    expect(await statusOf(reader, '/openapi.json')).toBe(200);
    expect(await statusOf(watcher, path)).toBe(403);
    expect(await get('/api/v1/stream', { headers: { 'x-api-key': reader } })).toMatchObject({
      status: 403,
      body: { ...refusal('the key does not have the scope "stream"'), code: 'FDP_FORBIDDEN' },
    });
  });

  it('change while the server runs: one is added, one is removed, and a broken file lets nobody in', async () => {
    const first = added('first');
    const { get, log } = await start({ keys: { file } });
    const statusOf = async (key: string) => (await get(path, { headers: { 'x-api-key': key } })).status;
    expect(await statusOf(first)).toBe(200);
    const second = added('second');
    await until(async () => (await statusOf(second)) === 200);
    expect(await statusOf(first)).toBe(200);
    removeKey(request(), 'first');
    await until(async () => (await statusOf(first)) === 401);
    expect(await statusOf(second)).toBe(200);
    writeFileSync(file, '{ "keys": [{}] }');
    await until(async () => (await statusOf(second)) === 401);
    expect(log.lines.some(({ text }) => text.includes('nobody is let in'))).toBe(true);
  });

  it('may be wrong only so often, for each client of a proxy; one that is known is let in all the same', async () => {
    const key = added('charts');
    const clock = new VirtualClock();
    const { get, log, node } = await start({ keys: { file }, trusted_proxies: ['127.0.0.0/8'] }, undefined, { clock });
    const ask = async (given: string, client = '192.0.2.1') => {
      const { status, body, headers } = await get(path, { headers: { 'x-api-key': given, 'x-forwarded-for': client } });
      return [status, body['code'] ?? 'let in', headers['retry-after'] ?? headers['www-authenticate']?.slice(0, 5)];
    };
    for (let left = 60; left > 0; left--) expect(await ask('fdp_guess')).toEqual([401, 'FDP_UNAUTHENTICATED', 'Basic']);
    expect(await ask('fdp_guess')).toEqual([429, 'FDP_RATE_LIMITED', '1']);
    expect(await ask(key)).toEqual([200, 'let in', undefined]);
    // Who has no key yet is still asked for one, as browsers are.
    expect(await ask('')).toEqual([401, 'FDP_UNAUTHENTICATED', 'Basic']);
    expect(await ask('fdp_guess', '192.0.2.2')).toEqual([401, 'FDP_UNAUTHENTICATED', 'Basic']);
    const warnings = log.lines.filter(({ level }) => level === 'warn').map(({ text }) => text);
    expect(warnings).toEqual(['http: 192.0.2.1 sends one wrong key after the other: it gets no reply but to wait']);
    await clock.advance(1000);
    expect(await ask('fdp_guess')).toEqual([401, 'FDP_UNAUTHENTICATED', 'Basic']);
    expect(node.extra['wrong_keys']).toBe(63);
  });

  it('are in no file, log or reply; their file is for its owner only', async () => {
    const key = added('charts', 'read', 'stream');
    const { get, log } = await start({ keys: { file } });
    const replies = [
      await get(path, { headers: { 'x-api-key': key } }),
      await get(path, { headers: { 'x-api-key': `${key}x` } }),
    ];
    const openapi = await get('/openapi.json', { headers: { authorization: `Bearer ${key}` } });
    const everything = [
      readFileSync(file, 'utf8'),
      listed(),
      JSON.stringify(log.lines),
      ...replies.map(({ text }) => text),
    ];
    for (const text of [...everything, openapi.text]) expect(text).not.toContain(key.slice(4));
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const { paths, components } = openapi.body as {
      readonly paths: Record<
        string,
        { readonly get: { readonly responses: Record<string, { readonly $ref?: string }> } }
      >;
      readonly components: { readonly responses: Record<string, unknown> };
    };
    for (const { get: operation } of Object.values(paths))
      for (const [status, name] of [
        ['401', 'Unauthenticated'],
        ['403', 'Forbidden'],
        ['429', 'TooManyRequests'],
      ] as const) {
        expect(operation.responses[status]?.$ref).toBe(`#/components/responses/${name}`);
        expect(components.responses[name]).toBeDefined();
      }
    expect(openapi.body['security']).toEqual([{ bearer: [] }, { header: [] }, { browser: [] }]);
  });

  it('do not keep browsers from asking first, for pages of other origins that may read', async () => {
    added('charts');
    const { get } = await start({ keys: { file }, cors: ['https://charts.example.com'] });
    const headers = { origin: 'https://charts.example.com', 'access-control-request-method': 'GET' };
    const { status, headers: reply } = await get(path, { method: 'OPTIONS', headers });
    expect([status, reply['access-control-allow-headers']]).toEqual([
      204,
      'Authorization, Last-Event-ID, X-API-Key, X-Request-Id',
    ]);
  });

  it('without a file let nobody in, with a warning; a file that is none keeps the server from opening', async () => {
    const { get, log } = await start({ keys: { file } });
    expect((await get(path)).status).toBe(401);
    expect(log.lines.some(({ text }) => text.includes('has no key, so nobody is let in'))).toBe(true);
    const key = 'fdp_put-here-as-it-is';
    writeFileSync(file, key);
    const { source } = await sourceOf({ keys: { file } });
    const error = await source.connect(new AbortController().signal).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: 'FDP_REFUSED', message: expect.stringContaining('is no file of keys') });
    expect(`${error.message} ${error.cause}`).not.toContain(key.slice(0, 6));
    writeFileSync(file, '{ "keys": [] }');
    chmodSync(file, 0o666);
    const open = await start({ keys: { file } });
    expect(open.log.lines.map(({ text }) => text)).toContain(
      `http: every user of this machine may change ${file} (mode 666): chmod 600 it`,
    );
  });

  it('are added, listed and removed by name, and mistakes are named', () => {
    expect(listed()).toBe('no keys\n');
    const { text } = addKey(request(), 'charts');
    expect(text).toMatch(
      /^fdp_[\w-]{43}\n\nThis key is shown once: .*keys\.json has its hash only\. Scopes: read\.\n$/,
    );
    expect(listed()).toMatch(/^NAME {4}SCOPES {2}ADDED\ncharts {2}read {4}\d{4}-/);
    expect(() => addKey(request(), 'charts')).toThrow('there is a key "charts" already');
    expect(() => addKey(request(), 'a b')).toThrow('"a b" is no name of a key');
    expect(() => addKey(request(), 'b', { scope: ['write'] })).toThrow(
      'expected one of read, stream, admin, got "write"',
    );
    expect(() => removeKey(request(), 'chart')).toThrow('there is no key "chart": did you mean "charts"?');
    expect(removeKey(request(), 'charts').text).toContain('removed charts');
    writeFileSync(join(folder, 'pipeline.yml'), 'connectors: { http: { type: rest, listen: "127.0.0.1:0" } }\n');
    expect(() => listKeys(request())).toThrow('no connector of this pipeline has `keys`');
  });
});
