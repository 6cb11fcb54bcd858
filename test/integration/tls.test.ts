import { once } from 'node:events';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { connect as connectPlain } from 'node:net';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { systemClock } from '../../src/kit/clock.ts';
import { replaceFiles, type ServerFiles } from '../support/sockets/certificates.ts';
import { feedClient, feedServer } from '../support/sockets/feed.ts';
import { testExchange } from '../support/sockets/feeds.ts';
import { sourceOf, start } from '../support/sockets/rest.ts';
import { closed, received, until } from '../support/sockets/sockets.ts';
import {
  ask,
  closeOpened,
  copyFiles,
  dialled,
  files,
  first,
  folder,
  makeAuthorities,
  plain,
  removeAuthorities,
  roles,
  second,
  sockets,
  tls,
} from '../support/sockets/tls.ts';

const signal = new AbortController().signal;

beforeAll(makeAuthorities);
afterAll(removeAuthorities);
beforeEach(copyFiles);
afterEach(closeOpened);

const feedOf = (options: object = {}) => feedServer(roles, { tls: tls(), ...options });

describe('the API over TLS', () => {
  it('replies to requests and streams events, and to nobody who speaks plain HTTP', async () => {
    const { port, node } = await start({ tls: tls(), ui: true });
    expect(await ask(port, '/api/v1/symbols')).toMatchObject({ status: 200 });
    expect((await ask(port, '/api/v1/symbols', { host: 'localhost' })).status).toBe(200);
    const stream = get({ host: '127.0.0.1', port, path: '/api/v1/stream', rejectUnauthorized: false, agent: false });
    const [response] = await once(stream, 'response');
    const [chunk] = await once(response, 'data');
    expect([response.headers['content-type'], String(chunk)]).toEqual([
      'text/event-stream; charset=utf-8',
      expect.stringContaining('retry: '),
    ]);
    stream.destroy();
    expect(await plain(port)).toBe('');
    await until(() => node.extra['malformed'] === 1);
    await expect(ask(port, '/', { by: second })).rejects.toThrow('certificate');
  });

  it('forgets the clients that leave, also in the middle of a request', async () => {
    const { port, lanes, node } = await start({ tls: tls() }, () => {});
    const request = get({ host: '127.0.0.1', port, path: '/api/v1/symbols', rejectUnauthorized: false, agent: false });
    request.on('error', () => {});
    await until(() => lanes.length === 1);
    request.destroy();
    await until(() => node.extra['abandoned'] === 1);
  });

  it('closes in time while a client has not finished its handshake', async () => {
    const { port, source, log } = await start({ tls: tls() });
    const silent = connectPlain({ host: '127.0.0.1', port });
    silent.on('error', () => {});
    await once(silent, 'connect');
    await systemClock.turn();
    const gone = closed(silent);
    await source.close();
    await gone;
    expect(JSON.stringify(log.lines)).not.toContain('handshake timeout');
  });

  it('takes over renewed files without a restart, and keeps those that it has while new ones are wrong', async () => {
    const { port, log } = await start({ tls: tls() });
    expect((await ask(port, '/api/v1/symbols')).status).toBe(200);
    const open = await dialled(port);
    writeFileSync(files.key, 'no key');
    await until(async () => {
      expect((await ask(port, '/api/v1/symbols')).status).toBe(200);
      return log.lines.some(({ text }) => text.startsWith('http: keeps the certificate that it has: http: tls.key: '));
    });
    replaceFiles(second, files);
    await until(() =>
      ask(port, '/api/v1/symbols', { by: second }).then(
        () => true,
        () => false,
      ),
    );
    expect(log.lines.some(({ text }) => /^http: took over a renewed certificate, valid until \d/.test(text))).toBe(
      true,
    );
    await expect(ask(port, '/api/v1/symbols', { by: first })).rejects.toThrow('certificate');
    const seen = received(open);
    open.write('GET /api/v1/symbols HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    await until(() => seen.text.startsWith('HTTP/1.1 200'));
  });

  it('warns of a private key that every user may read', async () => {
    chmodSync(files.key, 0o644);
    const { log } = await start({ tls: tls() });
    const text = `http: every user of this machine may read ${files.key} (mode 644): chmod 600 it`;
    expect(log.lines.filter(({ level }) => level === 'warn').map((line) => line.text)).toEqual([text]);
  });

  it('does not open with files that it can not use; one that worked is tried again', async () => {
    const { source } = await sourceOf({ tls: { cert: files.key, key: files.key } });
    await expect(source.connect(signal)).rejects.toMatchObject({ code: 'FDP_REFUSED', fault: 'fatal' });
    const worked = await start({ tls: tls() });
    await worked.source.close();
    writeFileSync(files.cert, '');
    const again = worked.another();
    await expect(again?.connect(signal)).rejects.toMatchObject({ code: 'FDP_REFUSED', fault: 'transient' });
    await again?.close();
  });

  it.each([
    [-1, /is valid only from \d{4}-\d\d-\d\d on/],
    [20, /expires on \d{4}-\d\d-\d\d: renew it/],
    [40, /expired on \d{4}-\d\d-\d\d: clients refuse it/],
    [1, undefined],
  ])('warns of a certificate of 30 days, %s days after it was issued', async (days, text) => {
    const clock = { ...systemClock, now: () => systemClock.now() + days * 86_400_000 };
    const { log } = await start({ tls: tls() }, undefined, { clock });
    const warnings = log.lines.filter(({ level }) => level === 'warn').map((line) => line.text);
    expect(warnings).toEqual(text === undefined ? [] : [expect.stringMatching(text)]);
  });
});

describe('the TCP feed over TLS', () => {
  it('sends lines to our client, which trusts the authority that it is given', async () => {
    const { send, port, node: server } = await feedOf();
    const { messages, node } = await feedClient(roles, port, { tls: { ca: first.ca } });
    await until(() => server.extra['clients'] === 1 && node.state === 'ok');
    await send({ symbol: 'A', number: 1 }, { symbol: 'B', number: 2 });
    await until(() => messages.length === 2);
    expect(messages.map(({ value }) => value)).toEqual([
      { symbol: 'A', number: 1 },
      { symbol: 'B', number: 2 },
    ]);
  });

  it.each([
    ['another authority', () => ({ tls: { ca: second.ca } }), 'is of an authority that is not trusted: set `tls: { ca'],
    ['no authority', () => ({ tls: true }), 'is of an authority that is not trusted: set `tls: { ca'],
    ['another name', () => ({ tls: { ca: first.ca, server_name: 'feed.example' } }), 'is for another name'],
    ['a file that is none', () => ({ tls: { ca: join(folder, 'none') } }), 'client: tls.ca: there is no file'],
  ])('is not believed by a client with %s, which says why', async (_what, options, text) => {
    const { port } = await feedOf();
    const { node, messages } = await feedClient(roles, port, options());
    await until(() => node.state === 'retrying');
    expect(node.reason).toContain(text);
    expect(messages).toEqual([]);
  });

  it('has its places for those who have agreed on keys, however many never do', async () => {
    const { port, send, node } = await feedOf({ max_clients: 1 });
    const silent = Array.from({ length: 5 }, () => connectPlain({ host: '127.0.0.1', port }));
    for (const socket of silent) socket.on('error', () => {});
    await Promise.all(silent.map((socket) => once(socket, 'connect')));
    const client = await dialled(port);
    const seen = received(client);
    await until(() => node.extra['clients'] === 1);
    await send({ symbol: 'A' });
    await until(() => seen.text === '{"symbol":"A"}\n');
    for (const socket of silent) socket.destroy();
  });

  it('agrees on keys once, renewed files or not', async () => {
    const { port } = await feedOf();
    const renegotiated = async ({ ca }: ServerFiles) => {
      const socket = connect({ host: '127.0.0.1', port, ca: readFileSync(ca), maxVersion: 'TLSv1.2' });
      sockets.push(socket);
      await once(socket, 'secureConnect');
      return new Promise<boolean>((resolve) => {
        socket.on('error', () => resolve(false)).on('close', () => resolve(false));
        socket.renegotiate({}, (error) => resolve(error === null));
      });
    };
    expect(await renegotiated(first)).toBe(false);
    replaceFiles(second, files);
    await until(() =>
      dialled(port, second).then(
        () => true,
        () => false,
      ),
    );
    expect(await renegotiated(second)).toBe(false);
  });

  it('sends nothing to a client that speaks no TLS', async () => {
    const { port, node, send } = await feedOf();
    const seen = plain(port);
    await send({ symbol: 'A' });
    expect(await seen).toBe('');
    await until(() => node.extra['rejected_clients'] === 1);
  });
});

describe('websocket_server over TLS', () => {
  const dialWebSocket = async (port: number, { ca }: ServerFiles = first) => {
    const socket = new WebSocket(`wss://127.0.0.1:${port}/?token=key`, { ca: readFileSync(ca) });
    const frames: string[] = [];
    socket.on('message', (data) => frames.push(String(data)));
    roles.push({ connect: async () => {}, close: async () => socket.terminate() });
    await once(socket, 'open');
    socket.send('{"type":"subscribe","symbol":"AAPL"}');
    return frames;
  };

  it('sends frames, to nobody who speaks plain HTTP, and takes over renewed files', async () => {
    const exchange = await testExchange({ tls: tls(), max_clients: 2 });
    roles.push({ connect: async () => {}, close: () => exchange.sink.close() });
    const silent = connectPlain({ host: '127.0.0.1', port: exchange.port }).on('error', () => {});
    await once(silent, 'connect');
    const gone = closed(silent);
    const frames = await dialWebSocket(exchange.port);
    const trade = { type: 'trade', data: [{ s: 'AAPL', p: 1 }] };
    await until(async () => {
      await exchange.send(trade);
      return frames.length > 0;
    });
    expect(JSON.parse(frames[0] ?? '')).toEqual(trade);
    expect(await plain(exchange.port)).toBe('');
    await until(() => exchange.context.node.extra['rejected_clients'] === 1);
    replaceFiles(second, files);
    await until(() =>
      dialWebSocket(exchange.port, second).then(
        () => true,
        () => false,
      ),
    );
    await exchange.sink.close();
    await gone;
  });

  it('is not opened with files that it can not use', async () => {
    await expect(testExchange({ tls: { cert: files.key, key: files.key } })).rejects.toMatchObject({
      code: 'FDP_REFUSED',
      message: expect.stringContaining('exchange: tls.cert: '),
    });
  });
});
