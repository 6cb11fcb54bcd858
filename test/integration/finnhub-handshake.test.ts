import { afterEach, describe, expect, it } from 'vitest';
import { hurriedClock } from '../support/engine/hurried-clock.ts';
import { closeOpened } from '../support/sockets/finnhub.ts';
import { meet, trade, values } from '../support/sockets/hostile-meeting.ts';
import { answer, type Deed, upgradeThen } from '../support/sockets/hostile-server.ts';
import { until } from '../support/sockets/sockets.ts';

afterEach(closeOpened);

describe('finnhub', () => {
  it.each(['408 Request Timeout', '429 Too Many Requests', '500 Oops', '503 Service Unavailable'])(
    'tries again when the handshake is answered %s',
    async (status) => {
      const { client, server } = await meet([answer(status), answer(status), upgradeThen(trade(1))]);
      await until(() => client.frames.length === 1);
      expect(server.connections()).toBe(3);
      expect(client.context.node.extra).toEqual({});
    },
  );

  it.each(['Retry-After: 40', `Retry-After: ${new Date(40_000).toUTCString()}\r\nDate: ${new Date(0).toUTCString()}`])(
    'waits as long as a 429 asks for: %s',
    async (header) => {
      const clock = hurriedClock(100);
      const begin = clock.monotonic();
      const { client } = await meet([answer('429 Too Many Requests', `${header}\r\n`), upgradeThen(trade(1))]);
      await until(() => client.frames.length === 1);
      expect(clock.monotonic() - begin).toBeGreaterThanOrEqual(40_000);
    },
  );

  it.each(['200 OK', '302 Found', '400 Bad Request', '403 Forbidden', '404 Not Found'])(
    'tries again, and reports what to check, when the handshake is answered %s: that says nothing about the key',
    async (status) => {
      const { client } = await meet([answer(status), upgradeThen(trade(1))], { token: 'Secret-123' }, 20);
      await until(() => client.context.node.state === 'retrying');
      expect(client.context.node.reason).toMatch(new RegExp(`answers ${status.slice(0, 3)}: .*check \`url\``));
      await until(() => client.frames.length === 1);
      expect(client.error()).toBeUndefined();
    },
  );

  it('ends permanently when the first handshake gets a 401', async () => {
    const { client, server } = await meet([answer('401 Unauthorized')], { token: 'Secret-123' });
    await until(() => client.error() !== undefined);
    expect(client.error()).toMatchObject({ code: 'FDP_REFUSED', fault: 'fatal' });
    expect(String(client.error())).toContain('401');
    expect(String(client.error()) + JSON.stringify(client.context.log.lines)).not.toContain('Secret-123');
    await client.finished;
    expect(server.connections()).toBe(1);
  });

  it.each(['401 Unauthorized', '200 OK', '403 Forbidden'])(
    'tries again when a handshake is answered %s after a session that worked',
    async (status) => {
      const disconnect: Deed = (socket, request) => {
        upgradeThen(trade(1))(socket, request);
        setImmediate(() => socket.end());
      };
      const { client } = await meet([disconnect, answer(status), answer(status), upgradeThen(trade(2))]);
      await until(() => client.frames.length === 2);
      expect(values(client)).toEqual([1, 2]);
      expect(client.error()).toBeUndefined();
    },
  );

  it.each<readonly [string, Deed]>([
    ['something that is not HTTP', (socket) => void socket.end('SSH-2.0-OpenSSH_9.2\r\n')],
    ['nothing', () => {}],
    ['a closed connection', (socket) => void socket.destroy()],
    [
      'a wrong accept key',
      (socket) =>
        void socket.write(
          'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n',
        ),
    ],
  ])('tries again when the handshake is answered with %s', async (_what, deed) => {
    const { client } = await meet([deed, upgradeThen(trade(1))]);
    await until(() => client.frames.length === 1);
    expect(client.context.node).toMatchObject({ state: 'ok', extra: {} });
  });
});
