import type { RequestOptions } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectors } from '../../connectors/index.ts';
import { operators } from '../../operators/index.ts';
import { Runtime } from '../../src/engine/runtime.ts';
import { resolve } from '../../src/pipeline/give/resolve.ts';
import { readSpec } from '../../src/pipeline/read.ts';
import { testEnvironment } from '../../src/testing/environment.ts';
import { temporaryFolder } from '../support/cli/platform.ts';
import { ajv, type Document, expectTrue, responseOf } from '../support/sockets/openapi.ts';
import { ask } from '../support/sockets/rest.ts';
import { portOf, until } from '../support/sockets/sockets.ts';

const routes = [
  ...['/api/v1/symbols', '/api/v1/symbols/{symbol}', '/api/v1/trades/{symbol}', '/api/v1/trades/{symbol}/export'],
  ...['/api/v1/candles/{symbol}', '/api/v1/candles/{symbol}/export', '/api/v1/gaps'],
];

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
