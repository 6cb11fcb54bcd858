import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Role } from '../../src/kit/role.ts';
import { VirtualClock } from '../../src/simulate/virtual-clock.ts';
import { feedClient, feedServer } from '../support/sockets/feed.ts';
import { KeyFolder } from '../support/sockets/keys.ts';
import { closed, dial, openSockets, received, until } from '../support/sockets/sockets.ts';

let keys: KeyFolder;
const roles: Role[] = [];
const sockets: Socket[] = [];
const servers: Server[] = [];

beforeEach(() => {
  keys = new KeyFolder();
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.close();
  await Promise.all(roles.splice(0).map((role) => role.close()));
  await until(() => openSockets() === 0);
  keys[Symbol.dispose]();
});

const feed = (clock?: VirtualClock, options: object = {}) =>
  feedServer(roles, { keys: { file: keys.file }, ...options }, clock);

async function joined(port: number, text: string) {
  const socket = await dial(port);
  sockets.push(socket);
  const seen = received(socket);
  socket.write(text);
  return { socket, seen };
}

const client = (port: number, token: string | undefined) =>
  feedClient(roles, port, token === undefined ? {} : { token });

const first = (token: unknown) => `${JSON.stringify({ token })}\n`;

describe('the keys of a feed', () => {
  it('let in who sends one with the scope stream in the first line, also in pieces; others get the reason', async () => {
    const key = keys.add('screen', 'stream');
    const reader = keys.add('reader', 'read');
    const { port, send, node } = await feed();
    const whole = await joined(port, `${first(key)}more that is dropped\n`);
    const pieces = await joined(port, first(key).slice(0, 9));
    await until(() => node.extra['clients'] === 1);
    pieces.socket.write(first(key).slice(9));
    await until(() => node.extra['clients'] === 2);
    await send({ symbol: 'A', number: 1 });
    for (const { seen } of [whole, pieces]) await until(() => seen.text === '{"symbol":"A","number":1}\n');

    const unknown = { error: 'the key is unknown', code: 'FDP_UNAUTHENTICATED' };
    const missing = { error: expect.stringMatching(/^a key is required: send it as/), code: 'FDP_UNAUTHENTICATED' };
    for (const [text, reply] of [
      [first(`${key}x`), unknown],
      [first(key.slice(0, -1)), unknown],
      [first(reader), { error: 'the key does not have the scope "stream"', code: 'FDP_FORBIDDEN' }],
      [first(''), missing],
      [first(7), missing],
      [`${key}\n`, missing],
      ['\n', missing],
      ['null\n', missing],
      ['{"token"\n', missing],
      [`${'x'.repeat(2000)}`, missing],
      [first('x'.repeat(2000)), missing],
    ] as const) {
      const stranger = await joined(port, text);
      await closed(stranger.socket);
      expect(stranger.seen.text).toMatch(/^\{.*\}\n$/);
      expect(JSON.parse(stranger.seen.text)).toEqual(reply);
    }
    expect(node.extra).toMatchObject({ clients: 2, rejected_clients: 11 });
  });

  it('are waited for a limited time; who waits gets no line', async () => {
    keys.add('screen', 'stream');
    const clock = new VirtualClock();
    const { port, send, node } = await feed(clock);
    const { socket, seen } = await joined(port, '{"token":');
    await until(() => openSockets() >= 3);
    await send({ symbol: 'A' });
    await clock.advance(4900);
    expect([seen.text, node.extra['rejected_clients']]).toEqual(['', undefined]);
    const gone = closed(socket);
    await clock.advance(200);
    await gone;
    expect(seen.text).toContain('a key is required');
    expect(node.extra['rejected_clients']).toBe(1);
  });

  it('do not keep a server from closing while clients wait', async () => {
    keys.add('screen', 'stream');
    const { port, sink } = await feed();
    const { socket } = await joined(port, '');
    await until(() => openSockets() >= 3);
    const gone = closed(socket);
    await sink.close();
    await gone;
  });

  it('are waited for elsewhere than in the places of those who have one, and who waits gets nothing and is not counted', async () => {
    const key = keys.add('screen', 'stream');
    const { port, send, node } = await feed(undefined, { max_clients: 2 });
    const strangers = await Promise.all(Array.from({ length: 10 }, () => joined(port, '')));
    const clients = [await joined(port, first(key)), await joined(port, first(key))];
    await until(() => node.extra['clients'] === 2);
    await send({ symbol: 'A' });
    for (const { seen } of clients) await until(() => seen.text === '{"symbol":"A"}\n');
    expect(strangers.map(({ seen }) => seen.text).join('')).toBe('');
    const third = await joined(port, first(key));
    await closed(third.socket);
    expect([third.seen.text, node.extra]).toEqual(['', expect.objectContaining({ clients: 2, refused_clients: 1 })]);
    expect(node.extra).not.toHaveProperty('rejected_clients');
  });

  it('may be wrong only so often; one that is known is let in all the same', async () => {
    const key = keys.add('screen', 'stream');
    const clock = new VirtualClock();
    const { port, node, log } = await feed(clock);
    const attempts = await Promise.all(Array.from({ length: 62 }, () => joined(port, first('fdp_guess'))));
    await Promise.all(attempts.map(({ socket }) => closed(socket)));
    const codes = attempts.map(({ seen }) => JSON.parse(seen.text).code);
    expect(codes.filter((code) => code === 'FDP_UNAUTHENTICATED')).toHaveLength(60);
    const late = attempts.map(({ seen }) => seen.text).filter((text) => text.includes('FDP_RATE_LIMITED'));
    const text = 'too many wrong keys from this address: try again after 1 s';
    expect(late.map((line) => JSON.parse(line).error)).toEqual([text, text]);
    expect(log.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
    await joined(port, first(key));
    await until(() => node.extra['clients'] === 1);
    await clock.advance(1000);
    const later = await joined(port, first('fdp_guess'));
    await closed(later.socket);
    expect(later.seen.text).toContain('FDP_UNAUTHENTICATED');
    expect(node.extra['wrong_keys']).toBe(63);
  });

  it('are in no log', async () => {
    const key = keys.add('screen', 'stream');
    const { port, log, node } = await feed();
    await joined(port, first(key));
    const stranger = await joined(port, first(`${key}x`));
    await closed(stranger.socket);
    await until(() => node.extra['clients'] === 1);
    expect(JSON.stringify(log.lines)).not.toContain(key.slice(4));
  });
});

describe('our client', () => {
  it('sends its token, and gets the lines', async () => {
    const key = keys.add('screen', 'stream');
    const { port, send, node: server } = await feed();
    const { messages, node } = await client(port, key);
    await until(() => server.extra['clients'] === 1);
    await send({ symbol: 'A', number: 1 });
    await until(() => messages.length === 1);
    expect(node.state).toBe('ok');
  });

  it('is connected to a quiet feed a while after it has sent its token', async () => {
    const key = keys.add('screen', 'stream');
    const { port } = await feed();
    const { node } = await client(port, key);
    await until(() => node.state === 'ok');
  });

  it.each([
    ['a wrong token', 'fdp_wrong', 'refuses this client: the key is unknown: set `token`'],
    ['no token', undefined, 'refuses this client: a key is required'],
  ])('with %s says why, and tries again; no line of it is a message', async (_what, token, text) => {
    keys.add('screen', 'stream');
    const { port } = await feed();
    const { node, messages, log } = await client(port, token);
    await until(() => node.state === 'retrying');
    expect(node.reason).toContain(text);
    expect(messages).toEqual([]);
    expect(JSON.stringify(log.lines)).not.toContain('fdp_wrong');
  });

  it('without a token sends nothing', async () => {
    const seen: Buffer[] = [];
    const server = createServer((socket) => {
      socket.on('data', (chunk) => seen.push(chunk));
      socket.on('error', () => {});
      socket.write('{"symbol":"A"}\n');
    }).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    const { port } = server.address() as { readonly port: number };
    const { messages } = await client(port, undefined);
    await until(() => messages.length === 1);
    const { messages: others } = await client(port, '');
    await until(() => others.length === 1);
    expect(seen).toEqual([]);
  });
});
