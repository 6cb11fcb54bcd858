import { afterEach, describe, expect, it } from 'vitest';
import { type Feed, feed } from '../support/feeds.ts';
import { answer, type Deed, hostileServer, textFrame, upgradeThen } from '../support/hostile-server.ts';
import { hurriedClock } from '../support/hurried-clock.ts';
import { until } from '../support/sockets.ts';

interface TradeFrame {
  readonly data: readonly { readonly p: number }[];
}

const opened: { close(): Promise<unknown> }[] = [];

async function meet(deeds: readonly Deed[], options: object = {}, factor = 100) {
  const server = await hostileServer(...deeds);
  opened.push(server);
  const client = await feed(server.port, options, { clock: hurriedClock(factor) });
  opened.push(client);
  return { server, client };
}

afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close();
});

const trade = (p: number) => textFrame(`{"type":"trade","data":[{"p":${p},"s":"AAPL","t":${p},"v":1}]}`);
const deep = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
const values = ({ frames }: Feed) => frames.map(({ value }) => (value as TradeFrame | undefined)?.data[0]?.p);
const prices = ({ frames }: Feed) => frames.map(({ timestamp }) => timestamp);
const bytes = (...values: readonly number[]) => Buffer.from(values);

const broken: readonly (readonly [what: string, bytes: Buffer])[] = [
  ['a reserved bit', bytes(0xc1, 0x00)],
  ['a masked frame', bytes(0x81, 0x81, 1, 2, 3, 4, 5)],
  ['text that is not UTF-8', bytes(0x81, 0x02, 0xff, 0xfe)],
  ['a frame over the limit', bytes(0x81, 127, 0, 0, 0, 0, 0, 0x20, 0, 0)],
  ['a reserved opcode', bytes(0x83, 0x00)],
  ['a ping that is too long', bytes(0x89, 126, 0, 126)],
  ['a close code that does not exist', bytes(0x88, 0x02, 0x03, 0xe7)],
  ['a continuation of nothing', bytes(0x80, 0x00)],
];

describe('finnhub', () => {
  it.each(broken)('connects again after %s, and keeps what came before', async (_what, junk) => {
    const { client } = await meet([upgradeThen(trade(1), trade(2), junk), upgradeThen(trade(3))], {}, 20);
    await until(() => client.frames.length === 3);
    expect(prices(client)).toEqual([1, 2, 3]);
    expect(client.context.node).toMatchObject({ state: 'ok', extra: { gaps: 1, reconnects: 1 } });
    expect(client.error()).toBeUndefined();
    const line = client.context.log.lines.find(({ text }) => text.includes('may be missing'));
    expect(line?.text).toMatch(/sent a broken frame \(WS_ERR_/);
  });

  it.each([
    ['in its type', `{"type":${deep(20_000)}}`],
    ['in its data', `{"type":"trade","data":${deep(20_000)}}`],
    ['in an error', `{"type":"error","msg":${deep(20_000)}}`],
  ])(
    'passes on a frame with 20,000 levels %s as unreadable, with its bytes, and its neighbours',
    async (_where, text) => {
      const { client } = await meet([upgradeThen(trade(1), textFrame(text), trade(2))], {}, 1);
      await until(() => client.frames.length === 3);
      expect(client.frames[1]?.problem).toMatchObject({ code: 'FDP_MESSAGE_UNREADABLE' });
      expect(client.frames[1]?.problem?.message).toContain('at most 100 levels');
      expect(Buffer.from(client.frames[1]?.raw ?? '').toString()).toBe(text);
      expect(values(client)).toEqual([1, undefined, 2]);
      expect(client.context.node.state).toBe('ok');
    },
  );

  it('shows what a server says within bounds and without control characters', async () => {
    const msg = `\u001b[2J${'x'.repeat(50_000)}`;
    const { client } = await meet([upgradeThen(textFrame(`{"type":"error","msg":${JSON.stringify(msg)}}`), trade(1))]);
    await until(() => client.frames.length === 1);
    const shown = JSON.stringify(client.context.log.lines.filter(({ level }) => level === 'error'));
    expect(shown).toContain('server says: \\\\u{1b}[2Jxxx');
    expect(shown.length).toBeLessThan(1500);
  });

  it('writes a bounded number of lines about frames of ever new kinds', async () => {
    const kinds = Array.from({ length: 500 }, (_unused, place) => textFrame(`{"type":"kind ${place}"}`));
    const errors = Array.from({ length: 500 }, (_unused, place) => textFrame(`{"type":"error","msg":"no ${place}"}`));
    const { client } = await meet([upgradeThen(...kinds, ...errors, trade(1))], {}, 1);
    await until(() => client.frames.length === 1);
    expect(client.context.node.extra).toMatchObject({ unknown_frames: 500, error_frames: 500 });
    expect(client.context.log.lines.length).toBeLessThan(30);
  });

  it.each([
    ['a fragment that is never finished', bytes(0x01, 0x01, 0x7b)],
    ['half a frame', trade(9).subarray(0, 20)],
    ['nothing more', bytes()],
  ])('cuts a connection that sends %s, after its watchdog', async (_what, junk) => {
    const { client } = await meet([upgradeThen(trade(1), junk), upgradeThen(trade(2))]);
    await until(() => client.frames.length === 2);
    expect(prices(client)).toEqual([1, 2]);
    expect(client.context.node.extra['gap_ms']).toBeGreaterThanOrEqual(60_000);
  });

  it.each(['408 Request Timeout', '429 Too Many Requests', '500 Oops', '503 Service Unavailable'])(
    'tries again when the handshake is answered %s',
    async (status) => {
      const { client, server } = await meet([answer(status), answer(status), upgradeThen(trade(1))]);
      await until(() => client.frames.length === 1);
      expect(server.connections()).toBe(3);
      expect(client.context.node.extra).toEqual({});
    },
  );

  it('waits as long as a 429 asks for', async () => {
    const clock = hurriedClock(100);
    const begin = clock.monotonic();
    const { client } = await meet([answer('429 Too Many Requests', 'Retry-After: 40\r\n'), upgradeThen(trade(1))]);
    await until(() => client.frames.length === 1);
    expect(clock.monotonic() - begin).toBeGreaterThanOrEqual(40_000);
  });

  it.each(['200 OK', '302 Found', '400 Bad Request', '401 Unauthorized', '403 Forbidden', '404 Not Found'])(
    'ends for good when the handshake is answered %s',
    async (status) => {
      const { client, server } = await meet([answer(status)], { token: 'Secret-123' });
      await until(() => client.error() !== undefined);
      expect(client.error()).toMatchObject({ code: 'FDP_REFUSED', fault: 'fatal' });
      expect(String(client.error())).toContain(status.slice(0, 3));
      expect(String(client.error()) + JSON.stringify(client.context.log.lines)).not.toContain('Secret-123');
      await client.finished;
      expect(server.connections()).toBe(1);
    },
  );

  it('ends for good when an error frame says that the key is wrong, and gives what came before', async () => {
    const { client } = await meet([upgradeThen(trade(1), textFrame('{"type":"error","msg":"Invalid API key"}'))]);
    await until(() => client.error() !== undefined);
    expect(client.error()).toMatchObject({ code: 'FDP_REFUSED' });
    await client.finished;
    expect(prices(client)).toEqual([1]);
  });

  it('goes on after an error frame about anything else, and hides the token in it', async () => {
    const { client } = await meet(
      [upgradeThen(textFrame('{"type":"error","msg":"No access to AAPL for Secret-123"}'), trade(1))],
      { token: 'Secret-123' },
    );
    await until(() => client.frames.length === 1);
    expect(client.context.node).toMatchObject({ state: 'ok', extra: { error_frames: 1 } });
    const said = client.context.log.lines.find(({ level }) => level === 'error');
    expect(said?.text).toBe('finnhub: the server says: No access to AAPL for ***');
  });

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

  it('closes at any moment: before the handshake is answered, and while it waits for the next try', async () => {
    const pending = await meet([() => {}], {}, 1);
    await until(() => pending.server.connections() === 1);
    await pending.client.close();
    expect(pending.client.error()).toBeUndefined();
    const waiting = await meet([answer('503 Service Unavailable')], { reconnect: { min: '10m', max: '1h' } }, 1);
    await until(() => waiting.client.context.node.state === 'retrying');
    await waiting.client.close();
    await waiting.client.close();
    await waiting.client.finished;
    expect(waiting.server.connections()).toBe(1);
  });
});
