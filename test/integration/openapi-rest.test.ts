import { afterEach, describe, expect, it } from 'vitest';
import { rest } from '../../connectors/rest/index.ts';
import { FdpError } from '../../src/errors.ts';
import type { Lane, Source } from '../../src/kit/source.ts';
import { roleContext, testEnvironment } from '../../src/testing/environment.ts';
import { optionsOf } from '../support/engine/options.ts';
import { type Document, expectTrue } from '../support/sockets/openapi.ts';
import { ask, closeAll, never, raw } from '../support/sockets/rest.ts';
import { portOf, until } from '../support/sockets/sockets.ts';

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
