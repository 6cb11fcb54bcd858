import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Platform } from '../../src/kit/environment.ts';
import { launchChromium, onChromium } from '../support/browser/browser.ts';
import { processSnapshot } from '../support/engine/snapshots.ts';
import { testExchange } from '../support/sockets/feeds.ts';
import { KeyFolder } from '../support/sockets/keys.ts';
import { closeAll, start } from '../support/sockets/rest.ts';

// What a browser lets the page of another origin do with the API, and with the WebSocket of the simulator.

const path = '/api/v1/symbols';

/** Servers of empty pages, on a port each, which makes each an origin. */
async function pageServer(): Promise<{ readonly server: Server; readonly origin: string }> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html><title>page</title>');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { readonly port: number };
  return { server, origin: `http://127.0.0.1:${port}` };
}

onChromium('the page of another origin', () => {
  let browser: Browser;
  let partner: Awaited<ReturnType<typeof pageServer>>;
  let stranger: Awaited<ReturnType<typeof pageServer>>;

  beforeAll(async () => {
    browser = await launchChromium();
  });
  beforeEach(async () => {
    [partner, stranger] = [await pageServer(), await pageServer()];
  });
  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()));
    for (const { server } of [partner, stranger]) {
      server.close();
      server.closeAllConnections();
    }
    await closeAll();
  });
  afterAll(() => browser?.close());

  async function pageOf({ origin }: { readonly origin: string }): Promise<Page> {
    const page = await browser.newPage();
    await page.goto(origin);
    return page;
  }

  /** The status and body that a page reads, or `blocked`. */
  const fetched = (page: Page, url: string, options: object = {}) =>
    page.evaluate(
      ({ address, init }) =>
        fetch(address, init).then(
          async (response) => ({ type: response.type, status: response.status, text: await response.text() }),
          () => 'blocked' as const,
        ),
      { address: url, init: options },
    );

  /** The first event of a stream, or `blocked`. */
  const streamed = (page: Page, url: string) =>
    page.evaluate(
      (address) =>
        new Promise<string>((resolve) => {
          const source = new EventSource(address);
          const end = (text: string) => {
            source.close();
            resolve(text);
          };
          source.addEventListener('status', () => end('status'));
          source.addEventListener('error', () => end('blocked'));
        }),
      url,
    );

  const dialled = (page: Page, url: string) =>
    page.evaluate(
      (address) =>
        new Promise<string>((resolve) => {
          const socket = new WebSocket(address);
          socket.addEventListener('open', () => resolve('open'));
          socket.addEventListener('error', () => resolve('blocked'));
        }),
      url,
    );

  it('reads with a key what `cors` lets it, and nothing if it is not listed', async () => {
    using keys = new KeyFolder();
    const key = keys.add('charts', 'read', 'stream');
    const { port, lanes } = await start({ keys: { file: keys.file }, cors: [partner.origin], ui: true });
    const url = `http://127.0.0.1:${port}`;
    const withKey = [{ headers: { 'X-API-Key': key } }, { headers: { Authorization: `Bearer ${key}` } }];

    const friend = await pageOf(partner);
    for (const options of withKey)
      expect(await fetched(friend, url + path, options)).toMatchObject({ type: 'cors', status: 200 });
    expect(await fetched(friend, url + path)).toMatchObject({ status: 401, text: expect.stringContaining('FDP_') });
    expect(await streamed(friend, `${url}/api/v1/stream`)).toBe('blocked');
    expect(lanes).toHaveLength(2);

    const foreign = await pageOf(stranger);
    for (const options of [...withKey, {}, { mode: 'no-cors' }])
      expect(await fetched(foreign, url + path, options)).toBe('blocked');
    expect(await streamed(foreign, `${url}/api/v1/stream`)).toBe('blocked');
    expect(lanes).toHaveLength(2);
  });

  it('reads nothing of an API without keys that lists no origin, though it runs on the same machine', async () => {
    const { port } = await start({ ui: true });
    const url = `http://127.0.0.1:${port}`;
    const foreign = await pageOf(stranger);
    for (const options of [{}, { mode: 'no-cors' }, { credentials: 'include' }, { headers: { 'X-Request-Id': 'me' } }])
      expect(await fetched(foreign, url + path, options)).toBe('blocked');
    expect(await streamed(foreign, `${url}/api/v1/stream`)).toBe('blocked');
    await foreign.setContent(`<iframe src="${url}/"></iframe>`);
    expect(await foreign.frames()[1]?.content()).not.toContain('/main.js');
  });

  it('reads a public API with `*`, its stream too', async () => {
    const { port } = await start({ ui: true, cors: ['*'] });
    const page = await pageOf(stranger);
    expect(await fetched(page, `http://127.0.0.1:${port}${path}`)).toMatchObject({ status: 200 });
    expect(await streamed(page, `http://127.0.0.1:${port}/api/v1/stream`)).toBe('status');
  });

  it('changes nothing: not by POST, nor by what needs a preflight', async () => {
    const changes: unknown[] = [];
    const changed = (...given: readonly unknown[]) => void changes.push(given);
    const state = { at: 0, from: 0, to: 1, speed: 1, isPaused: false, isCatchingUp: false, isOver: false, restarts: 0 };
    const jumps = { step: changed, stepBack: changed, goTo: changed };
    const replay = { state: () => state, pause: changed, setSpeed: changed, ...jumps };
    const platform: Platform = { snapshot: () => processSnapshot(0, []), report: report(), stop: changed, replay };
    const { port } = await start({ ui: true, cors: ['*'] }, undefined, { platform });
    const url = `http://127.0.0.1:${port}/api/v1/replay?pause=true`;
    for (const page of [await pageOf(partner), await pageOf(stranger)]) {
      expect(await fetched(page, url, { method: 'POST' })).toMatchObject({ status: 403 });
      expect(await fetched(page, url, { method: 'POST', headers: { 'X-FDP-Replay': '1' } })).toBe('blocked');
      for (const method of ['PUT', 'DELETE', 'PATCH']) expect(await fetched(page, url, { method })).toBe('blocked');
      expect(await fetched(page, url)).toMatchObject({ status: 200 });
    }
    expect(changes).toEqual([]);
    const own = await pageOf({ origin: `http://127.0.0.1:${port}/docs` });
    expect(await fetched(own, url, { method: 'POST', headers: { 'X-FDP-Replay': '1' } })).toMatchObject({
      status: 200,
    });
    expect(changes).toEqual([[true]]);
  });

  it('gets a WebSocket of the simulator only if `origins` lists it, even with the token', async () => {
    const exchange = await testExchange({ origins: [partner.origin] });
    const url = `ws://127.0.0.1:${exchange.port}/?token=key`;
    expect(await dialled(await pageOf(partner), url)).toBe('open');
    expect(await dialled(await pageOf(stranger), url)).toBe('blocked');
    await exchange.sink.close();
  });
});

function report(): Platform['report'] {
  return () => {
    throw new Error('no stream is open here');
  };
}
