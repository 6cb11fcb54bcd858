import { once } from 'node:events';
import { request } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { websocketServer } from '../../connectors/websocket-server/index.ts';
import { toMessage } from '../../src/kit/message.ts';
import type { Sink } from '../../src/kit/sink.ts';
import { roleContext, testEnvironment } from '../../src/testing/environment.ts';
import { sourceMessage } from '../support/engine/operators.ts';
import { optionsOf } from '../support/engine/options.ts';
import { closeOpened, opened, start } from '../support/sockets/finnhub.ts';
import { closed, dial as connected, until } from '../support/sockets/sockets.ts';
import { dial, statusOf } from '../support/sockets/websocket-client.ts';

afterEach(closeOpened);

const frame = (...symbols: string[]) => ({ type: 'trade', data: symbols.map((s, p) => ({ p, s, t: 1, v: 1 })) });

describe('websocket_server', () => {
  it('sends each client what it subscribed to, until it unsubscribes', async () => {
    const server = await start();
    const one = await dial(server, 'AAPL', 'MSFT');
    const other = await dial(server, 'MSFT');
    const both = frame('AAPL', 'TSLA', 'MSFT');
    await server.send(both, frame('TSLA'));
    one.ask({ type: 'unsubscribe', symbol: 'AAPL' });
    one.ask('?');
    await until(() => one.frames.length === 2);
    await server.send(frame('AAPL'), frame('MSFT'));
    await until(() => one.frames.length === 3 && other.frames.length === 2);
    expect(one.frames[0]).toEqual({ type: 'trade', data: [both.data[0], both.data[2]] });
    expect(one.frames[2]).toEqual(frame('MSFT'));
    expect(other.frames).toEqual([{ type: 'trade', data: [both.data[2]] }, frame('MSFT')]);
    expect(server.context.node.extra).toMatchObject({ clients: 2, frames_sent: 4 });
  });

  it('accepts no client without the token, and no more clients than allowed', async () => {
    const server = await start({ max_clients: 1, token: 'key' });
    const base = `ws://127.0.0.1:${server.port}`;
    for (const url of [base, `${base}?token=`, `${base}?token=kez`, `${base}/x?other=key`])
      expect(await statusOf(url)).toBe(401);
    await dial(server);
    expect(await statusOf(`${base}?token=key`)).toBe(429);
  });

  it('lets an address try only so many wrong tokens, and then not even the right one until it has waited', async () => {
    const server = await start();
    const base = `ws://127.0.0.1:${server.port}`;
    const guesses = await Promise.all(Array.from({ length: 65 }, (_, index) => statusOf(`${base}?token=${index}`)));
    expect(guesses.filter((status) => status === 401).length).toBeGreaterThanOrEqual(60);
    // The right one is refused as well, right after a wrong one.
    await until(async () => {
      await statusOf(`${base}?token=again`);
      return (await statusOf(`${base}?token=key`)) === 429;
    });
    const { rejected_clients, wrong_keys } = server.context.node.extra;
    expect(rejected_clients).toBeGreaterThanOrEqual(65);
    expect(wrong_keys).toBe(rejected_clients);
    await until(async () => (await statusOf(`${base}?token=key`)) === 101);
  });

  it('accepts so many clients of an address', async () => {
    const server = await start({ max_clients_per_address: 1 });
    const client = await dial(server);
    const url = `ws://127.0.0.1:${server.port}?token=key`;
    expect(await statusOf(url)).toBe(429);
    client.socket.terminate();
    await until(async () => (await statusOf(url)) === 101);
  });

  it('keeps its places for those with the token, however many ask nothing', async () => {
    const server = await start({ max_clients: 1 });
    const idle = await Promise.all(Array.from({ length: 20 }, () => connected(server.port)));
    opened.push(() => idle.map((socket) => socket.destroy()));
    await dial(server);
    const closing = server.sink.close();
    await Promise.all(idle.map((socket) => closed(socket)));
    await closing;
  });

  it('accepts pages of the configured origins only', async () => {
    const server = await start({ origins: ['http://127.0.0.1:8000'] });
    const url = `ws://127.0.0.1:${server.port}?token=key`;
    for (const origin of ['https://evil.example', 'null', 'http://127.0.0.1:8000.evil.example'])
      expect(await statusOf(url, { origin })).toBe(403);
    const socket = new WebSocket(url, { origin: 'http://127.0.0.1:8000' });
    opened.push(() => socket.terminate());
    await once(socket, 'open');
  });

  it('applies no fault for longer than ten minutes', async () => {
    const server = await start({ control: true });
    const client = await dial(server, 'AAPL');
    client.ask({ type: 'fault', fault: 'silence', for: '999999999999d' });
    await until(() => client.frames.length === 1);
    expect(client.frames[0]).toMatchObject({ type: 'error', msg: expect.stringContaining('at most 10m') });
    await server.send(frame('AAPL'));
    await until(() => client.frames.length === 2);
  });

  it('identifies itself to a browser', async () => {
    const server = await start();
    const asked = request({ port: server.port, host: '127.0.0.1' }).end();
    const [response] = await once(asked, 'response');
    expect(response.statusCode).toBe(426);
    response.resume();
  });

  it('answers invalid messages with an error frame, and continues', async () => {
    const server = await start({ max_symbols: 1 });
    const client = await dial(server, 'AAPL');
    client.ask('no JSON');
    client.ask({ type: 'subscribe', symbol: 'MSFT' });
    client.ask({ type: 'fault', fault: 'cut' });
    await until(() => client.frames.length === 3);
    expect(client.frames).toEqual([
      { type: 'error', msg: 'Invalid message: expected JSON' },
      { type: 'error', msg: 'Subscribing to too many symbols' },
      { type: 'error', msg: 'Faults are not allowed here' },
    ]);
    await server.send(frame('AAPL'));
    await until(() => client.frames.length === 4);
  });

  it('pings its clients', async () => {
    const server = await start({ ping: '10ms' });
    const client = await dial(server);
    await until(() => client.pings >= 3);
  });

  it('disconnects a client that does not read, and delays no other', async () => {
    const server = await start({ client_buffer: '256KiB' });
    const slow = await dial(server, 'AAPL');
    const quick = await dial(server, 'MSFT');
    slow.socket.pause();
    const big = frame(...Array.from({ length: 1000 }, () => 'AAPL'));
    await until(async () => {
      await server.send(big, frame('MSFT'));
      return server.context.node.extra['slow_clients_cut'] === 1;
    });
    const before = quick.frames.length;
    await server.send(frame('MSFT'));
    await until(() => quick.frames.length > before && server.context.node.extra['clients'] === 1);
    expect(quick.closed).toBeUndefined();
  });

  it('refuses what is not a frame of trades, and sends the rest', async () => {
    const server = await start();
    const client = await dial(server, 'AAPL');
    const given = [frame('AAPL'), { type: 'trade' }, 'x', frame('AAPL')];
    const receipt = await server.sink.write(
      given.map((value) => toMessage(sourceMessage(value), undefined)),
      new AbortController().signal,
    );
    expect([...(receipt.failed ?? [])].map(([index, error]) => [index, 'code' in error && error.code])).toEqual([
      [1, 'FDP_MESSAGE_REFUSED'],
      [2, 'FDP_MESSAGE_REFUSED'],
    ]);
    await until(() => client.frames.length === 2);
  });

  it('disconnects all clients in the middle of a frame on request, and responds with 503 for the requested time', async () => {
    const server = await start({ control: true });
    const client = await dial(server, 'AAPL');
    const other = await dial(server);
    await server.send(frame('AAPL'));
    client.ask({ type: 'fault', fault: 'cut', for: '1s' });
    await until(() => client.closed !== undefined && other.closed !== undefined);
    expect(client.closed).toBe(1006);
    expect(await statusOf(`ws://127.0.0.1:${server.port}?token=key`)).toBe(503);
    await until(async () => (await statusOf(`ws://127.0.0.1:${server.port}?token=key`)) === 101);
  });

  it.each<[string, (frames: readonly number[]) => boolean]>([
    ['duplicate', (seen) => seen.some((p, index) => p === seen[index - 1])],
    ['late', (seen) => seen.some((p, index) => p < (seen[index - 1] ?? 0))],
    ['garbage', (seen) => seen.some(Number.isNaN)],
  ])('applies the fault "%s" when a client requests it, and loses nothing by it', async (fault, isSeen) => {
    const server = await start({ control: true });
    const client = await dial(server, 'AAPL');
    client.ask({ type: 'fault', fault, for: '1m' });
    client.ask('?');
    await until(() => client.frames.length === 1);
    client.frames.length = 0;
    const sent = Array.from({ length: 60 }, (_, p) => ({ type: 'trade', data: [{ p, s: 'AAPL', t: 1, v: 1 }] }));
    await server.send(...sent);
    const prices = () => client.frames.map((each) => (each as (typeof sent)[number])?.data?.[0]?.p ?? Number.NaN);
    // The last few may still be delayed.
    await until(() => new Set(prices().filter((p) => p < 50)).size === 50);
    expect(isSeen(prices())).toBe(true);
  });

  it('is silent on request: no frames, no pings', async () => {
    const server = await start({ control: true, ping: '10ms' });
    const client = await dial(server, 'AAPL');
    client.ask({ type: 'fault', fault: 'silence', for: '300ms' });
    client.ask('?');
    await until(() => client.frames.length === 1);
    const { pings } = client;
    await server.send(frame('AAPL'));
    client.ask('?');
    await until(() => client.frames.length === 2);
    expect(client.frames[1]).toMatchObject({ type: 'error' });
    expect(client.pings).toBe(pings);
    await until(() => client.pings > pings);
    await server.send(frame('AAPL'));
    await until(() => client.frames.length === 3);
  });

  it('ends with one clear line when its port is taken', async () => {
    const server = await start();
    const environment = testEnvironment();
    const options = optionsOf(websocketServer, { listen: `127.0.0.1:${server.port}`, token: 'x' });
    const connector = await websocketServer.create(options, { ...environment, name: 'second' });
    const sink = connector.sink?.({}, roleContext(environment)) as Sink;
    await expect(sink.connect(new AbortController().signal)).rejects.toMatchObject({
      code: 'FDP_PORT_IN_USE',
      fault: 'fatal',
    });
    await sink.close();
  });

  it('says goodbye when it closes, only once however often it is closed', async () => {
    const server = await start();
    const client = await dial(server);
    await Promise.all([server.sink.close(), server.sink.close()]);
    await until(() => client.closed === 1001);
  });
});
