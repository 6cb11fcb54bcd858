import type { RequestOptions } from 'node:http';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connectors } from '../../connectors/index.ts';
import { rest } from '../../connectors/rest/index.ts';
import { operators } from '../../operators/index.ts';
import { Runtime } from '../../src/engine/runtime.ts';
import { FdpError } from '../../src/errors.ts';
import type { Lane, Source } from '../../src/kit/source.ts';
import { resolve } from '../../src/pipeline/give/resolve.ts';
import { readSpec } from '../../src/pipeline/read.ts';
import { roleContext, testEnvironment } from '../../src/testing/environment.ts';
import { temporaryFolder } from '../support/cli/platform.ts';
import { optionsOf } from '../support/engine/options.ts';
import { ask, closeAll, never, raw } from '../support/sockets/rest.ts';
import { portOf, until } from '../support/sockets/sockets.ts';

interface Operation {
  readonly summary?: string;
  readonly parameters?: readonly Parameter[];
  readonly responses: Readonly<Record<string, { readonly $ref?: string; readonly content?: Content }>>;
}
interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly schema: { readonly examples?: readonly unknown[] };
  readonly description?: string;
  readonly example?: unknown;
}
type Content = Readonly<Record<string, { readonly schema: object; readonly example?: unknown }>>;
interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, { readonly get: Operation }>>;
  readonly components: { readonly responses: Readonly<Record<string, { readonly content: Content }>> };
}

const ajv = new Ajv2020({ strict: false });
const routes = [
  ...['/api/v1/symbols', '/api/v1/symbols/{symbol}', '/api/v1/trades/{symbol}', '/api/v1/trades/{symbol}/export'],
  ...['/api/v1/candles/{symbol}', '/api/v1/candles/{symbol}/export', '/api/v1/gaps'],
];

function responseOf(document: Document, path: string, status: string | number): Content {
  const found = document.paths[path]?.get.responses[status];
  const name =
    found?.$ref?.split('/').at(-1) ?? (status === 404 ? 'NotFound' : status === 405 ? 'MethodNotAllowed' : '');
  return found?.content ?? document.components.responses[name]?.content ?? {};
}

/** Expects a body to match the document for this path and status. */
function expectTrue(
  document: Document,
  path: string,
  { status, text }: { status: number | undefined; text: string },
): void {
  const schema = responseOf(document, path, status ?? 0)['application/json']?.schema;
  expect([path, status, schema]).toEqual([path, status, expect.any(Object)]);
  const fits = ajv.compile({ ...schema, components: document.components });
  fits(JSON.parse(text));
  expect([path, status, fits.errors]).toEqual([path, status, null]);
}

describe('the document of the shipped pipeline', () => {
  const folder = temporaryFolder();
  const environment = testEnvironment();
  let runtime: Runtime;
  let ended: Promise<unknown>;
  let port = 0;
  let document: Document;

  beforeAll(async () => {
    const env = { FDP_DATA: folder.path, API_PORT: '0', TCP_PORT: '0' };
    const spec = readSpec({
      pipelinePath: 'pipeline.yml',
      profile: 'embedded',
      env,
      components: { connectors, operators },
    });
    const { plan, problems } = resolve(spec, { topologies: ['ingestor', 'processor', 'candles', 'api'] });
    expect(problems).toEqual([]);
    if (!plan) throw new Error('no plan');
    runtime = new Runtime(plan, environment);
    ended = runtime.run();
    await until(() => environment.log.lines.some(({ text }) => text.startsWith('http: listening')));
    port = portOf(environment.log);
    document = JSON.parse((await ask(port, '/openapi.json')).text);
    await until(async () => (await ask(port, '/api/v1/trades/AAPL')).text.includes('"next":"'));
    await until(async () => (await ask(port, '/api/v1/candles/AAPL')).text.includes('"close":"'));
  });

  afterAll(async () => {
    runtime.drain();
    await ended;
    folder[Symbol.dispose]();
  });

  it('names every route and its parameters', () => {
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths)).toEqual([...routes, '/api/v1/stream', '/openapi.json', '/asyncapi.json']);
    const parameters = document.paths['/api/v1/trades/{symbol}']?.get.parameters ?? [];
    expect(parameters.map(({ name }) => name)).toEqual(['symbol', 'limit', 'from', 'to', 'before']);
    expect(parameters[0]).toMatchObject({ in: 'path', required: true, example: 'AAPL' });
    expect(parameters[1]).toEqual({
      ...{ name: 'limit', in: 'query', required: false, example: 50 },
      description: 'Trades of a page. Expected: an integer from 1 to 500.',
      schema: { type: 'integer', minimum: 1, maximum: 500, default: 15 },
    });
    expect(parameters[2]).toMatchObject({ in: 'query', schema: { type: 'string' } });
  });

  it('describes every path and parameter, with an example for each, and for each reply', () => {
    for (const [path, { get }] of Object.entries(document.paths)) {
      const { summary, parameters = [] } = get;
      expect([path, summary]).toEqual([path, expect.stringMatching(/ .*\.$/)]);
      for (const { name, in: position, description, example, schema } of parameters)
        expect([path, name, description, example ?? schema.examples?.[0]]).toEqual([
          ...[path, name, expect.stringMatching(position === 'header' ? /\.$/ : /^[A-Z].* Expected: .*\.$/)],
          expect.anything(),
        ]);
      for (const [type, { example }] of Object.entries(responseOf(document, path, 200)))
        expect([path, type, example]).toEqual([path, type, expect.anything()]);
    }
  });

  it('is complete: every reference resolves, and every example fits its schema', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path = '']) => path);
    for (const path of references) {
      const found = path
        .split('/')
        .reduce<unknown>((value, key) => (value as Record<string, unknown>)?.[key], document);
      expect([path, found]).toEqual([path, expect.any(Object)]);
    }
    for (const [path, { get }] of Object.entries(document.paths))
      for (const status of [...Object.keys(get.responses), 404, 405]) {
        const { schema, example } = responseOf(document, path, status)['application/json'] ?? {};
        if (schema && example) expectTrue(document, path, { status: Number(status), text: JSON.stringify(example) });
      }
  });

  it.each([
    '/api/v1/symbols',
    '/api/v1/symbols/AAPL',
    '/api/v1/trades/AAPL',
    '/api/v1/trades/AAPL?limit=1',
    '/api/v1/trades/AAPL?from=-1h&to=2100-01-01T00:00:00+02:00',
    '/api/v1/trades/NOBODY',
    '/api/v1/candles/AAPL',
    '/api/v1/candles/AAPL?interval=1d&limit=2',
    '/api/v1/candles/NOBODY',
    '/api/v1/gaps',
    '/api/v1/gaps?symbol=AAPL&from=-1h',
    '/openapi.json',
    '/asyncapi.json',
  ])('matches %s', async (path) => {
    const reply = await ask(port, path);
    expect(reply.status).toBe(200);
    expectTrue(document, path.replace(/\/(AAPL|NOBODY).*/, '/{symbol}').replace(/\?.*/, ''), reply);
  });

  it('has all fields of a row, with their types', () => {
    const rows = JSON.stringify(responseOf(document, '/api/v1/trades/{symbol}', 200));
    for (const field of ['timestamp', 'price', 'volume'])
      expect(rows).toContain(`"${field}":{"type":["string","null"]`);
    expect(JSON.stringify(responseOf(document, '/api/v1/symbols', 200))).toContain(
      '"trade_count":{"type":["integer","null"]}',
    );
  });

  it('has limits that the route enforces', async () => {
    const { schema: limit } = document.paths['/api/v1/trades/{symbol}']?.get.parameters?.[1] ?? { schema: {} };
    const { schema: before } = document.paths['/api/v1/trades/{symbol}']?.get.parameters?.[4] ?? { schema: {} };
    for (const value of ['1', '500', '0', '501', '-1', '1.5', 'x'])
      expect([value, (await ask(port, `/api/v1/trades/AAPL?limit=${value}`)).status]).toEqual([
        value,
        ajv.validate(limit, Number(value)) ? 200 : 400,
      ]);
    for (const value of ['1763645598585', '1763645598585_1', 'x', '1_', '_1', '12345678901234567'])
      expect([value, (await ask(port, `/api/v1/trades/AAPL?before=${value}`)).status]).toEqual([
        value,
        ajv.validate(before, value) ? 200 : 400,
      ]);
  });

  it.each<readonly [string, string, RequestOptions, number]>([
    ['/api/v1/trades/{symbol}', '/api/v1/trades/AAPL?limit=0', {}, 400],
    ['/api/v1/trades/{symbol}', '/api/v1/trades/AAPL?from=yesterday', {}, 400],
    ['/api/v1/trades/{symbol}', '/api/v1/trades/AAPL?from=2026-01-06&to=2026-01-05', {}, 400],
    ['/api/v1/candles/{symbol}', '/api/v1/candles/AAPL?interval=2m', {}, 400],
    ['/api/v1/candles/{symbol}', '/api/v1/candles/AAPL?limit=1001', {}, 400],
    ['/api/v1/gaps', '/api/v1/gaps?symbols=AAPL', {}, 400],
    ['/api/v1/symbols/{symbol}', '/api/v1/symbols/NOBODY', {}, 404],
    ['/api/v1/symbols', '/api/v1/symbols?a=%ff', {}, 400],
    ['/api/v1/symbols', '/api/v2/symbols', {}, 404],
    ['/api/v1/symbols', '/api/v1/symbols', { method: 'POST' }, 405],
    ['/api/v1/stream', '/api/v1/stream', { method: 'PUT' }, 405],
    ['/openapi.json', '/openapi.json', { method: 'DELETE' }, 405],
    ['/api/v1/symbols', '/api/v1/symbols', { method: 'GET', headers: { 'Content-Length': '70000' } }, 413],
    ['/api/v1/symbols', `/api/v1/symbols?${'x'.repeat(5000)}`, {}, 414],
    ['/api/v1/symbols', '/api/v1/symbols', { headers: { Host: 'evil.example' } }, 421],
    ['/api/v1/symbols', '/api/v1/symbols', { headers: { 'X-Long': 'x'.repeat(20_000) } }, 431],
  ])('describes what %s replies to %s with %j: %i', async (route, path, options, status) => {
    const reply = await ask(port, path, options);
    expect(reply.status).toBe(status);
    expectTrue(document, route, reply);
  });
});

describe('the document of rest', () => {
  const sources: Source[] = [];
  afterEach(async () => {
    await Promise.all(sources.splice(0).map((source) => source.close()));
    await closeAll();
  });

  /** A server whose requests the test handles. */
  async function serving(options: object, handle: (lane: Lane) => void) {
    const environment = testEnvironment();
    const filled = optionsOf(rest, { listen: '127.0.0.1:0', ...options });
    const connector = await rest.create(filled, { ...environment, name: 'http' });
    const described = [{ route: 'GET /a', parameters: [], reply: {} }];
    const source = connector.source?.({}, roleContext(environment, { routes: described }));
    if (!source) throw new Error('no source');
    sources.push(source);
    await source.connect(never);
    source.lanes.subscribe(handle);
    const port = portOf(environment.log);
    return { port, document: JSON.parse((await ask(port, '/openapi.json')).text) as Document };
  }

  it.each([
    [500, new FdpError('FDP_INTERNAL', 'secret')],
    [503, new FdpError('FDP_UNAVAILABLE', 'secret')],
    [503, new FdpError('FDP_BUSY', 'secret')],
    [504, new FdpError('FDP_TIMEOUT', 'secret')],
  ])('matches %i', async (status, error) => {
    const { port, document } = await serving({}, ({ request }) => request?.fail(error));
    const reply = await ask(port, '/a');
    expect(reply.status).toBe(status);
    expectTrue(document, '/a', reply);
    expect(reply.headers['retry-after'] !== undefined).toBe(status === 503);
  });

  it('matches 504 for a request without reply, 408 for a slow one, and 503 for one too many', async () => {
    const { port, document } = await serving({ timeout: '300ms', client_timeout: '300ms', max_requests: 1 }, () => {});
    const late = ask(port, '/a');
    await until(async () => (await ask(port, '/a')).status === 503);
    expectTrue(document, '/a', await ask(port, '/a'));
    expectTrue(document, '/a', await late);
    const slow = await raw(port, 'GET /a HTTP/1.1\r\n');
    expect(slow).toMatch(/^HTTP\/1.1 408 /);
    expectTrue(document, '/a', { status: 408, text: slow.slice(slow.indexOf('\r\n\r\n') + 4) });
  });

  it('is served without `ui`, but has the stream only with it', async () => {
    const without = await serving({}, () => {});
    expect(Object.keys(without.document.paths)).toEqual(['/a', '/openapi.json', '/asyncapi.json']);
    const withUi = await serving({ ui: true, max_streams: 1 }, () => {});
    expect(Object.keys(withUi.document.paths)).toEqual(['/a', '/api/v1/stream', '/openapi.json', '/asyncapi.json']);
    expect(Object.keys(withUi.document.paths['/api/v1/stream']?.get.responses ?? {})).toContain('503');
  });
});
