import { afterEach, describe, expect, it } from 'vitest';
import { closeOpened } from '../support/sockets/finnhub.ts';
import { meet, trade, values } from '../support/sockets/hostile-meeting.ts';
import { answer, type Deed, textFrame, upgradeThen } from '../support/sockets/hostile-server.ts';
import { until } from '../support/sockets/sockets.ts';

/** The texts of a client's frames, which are short and masked. */
function clientTexts(data: Buffer): string[] {
  const texts: string[] = [];
  for (let at = 0; at + 6 <= data.length; ) {
    const length = (data[at + 1] ?? 0) & 127;
    const mask = data.subarray(at + 2, at + 6);
    const payload = data.subarray(at + 6, at + 6 + length).map((byte, index) => byte ^ (mask[index % 4] ?? 0));
    texts.push(Buffer.from(payload).toString());
    at += 6 + length;
  }
  return texts;
}

afterEach(closeOpened);
const deep = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
const bytes = (...values: readonly number[]) => Buffer.from(values);

const broken: readonly { readonly what: string; readonly junk: Buffer; readonly says?: RegExp }[] = [
  { what: 'a reserved bit', junk: bytes(0xc1, 0x00) },
  { what: 'a masked frame', junk: bytes(0x81, 0x81, 1, 2, 3, 4, 5) },
  { what: 'text that is not UTF-8', junk: bytes(0x81, 0x02, 0xff, 0xfe) },
  {
    what: 'a frame over the limit',
    junk: bytes(0x81, 127, 0, 0, 0, 0, 0, 0x20, 0, 0),
    says: /a frame larger than max_frame \(1 MiB\)/,
  },
  { what: 'a reserved opcode', junk: bytes(0x83, 0x00) },
  { what: 'a ping that is too long', junk: bytes(0x89, 126, 0, 126) },
  { what: 'a close code that does not exist', junk: bytes(0x88, 0x02, 0x03, 0xe7) },
  { what: 'a continuation of nothing', junk: bytes(0x80, 0x00) },
];

describe('finnhub', () => {
  it.each(broken)('reconnects after $what, and keeps earlier frames', async ({ junk, says }) => {
    const { client } = await meet([upgradeThen(trade(1), trade(2), junk), upgradeThen(trade(3))], {}, 20);
    await until(() => client.frames.length === 3 && client.context.node.extra['gap_ms'] !== undefined);
    expect(values(client)).toEqual([1, 2, 3]);
    expect(client.context.node).toMatchObject({ state: 'ok', extra: { gaps: 1, reconnects: 1 } });
    expect(client.error()).toBeUndefined();
    const line = client.context.log.lines.find(({ text }) => text.includes('may be missing'));
    expect(line?.text).toMatch(says ?? /sent an invalid frame \(WS_ERR_/);
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

  it("shows a server's text within bounds and without control characters", async () => {
    const msg = `\u001b[2J${'x'.repeat(50_000)}`;
    const { client } = await meet([upgradeThen(textFrame(`{"type":"error","msg":${JSON.stringify(msg)}}`), trade(1))]);
    await until(() => client.frames.length === 1);
    const shown = JSON.stringify(client.context.log.lines.filter(({ level }) => level === 'error'));
    expect(shown).toContain('server says: \\\\u{1b}[2Jxxx');
    expect(shown.length).toBeLessThan(1500);
  });

  it('writes a bounded number of log lines about frames of ever new kinds', async () => {
    const kinds = Array.from({ length: 500 }, (_unused, index) => textFrame(`{"type":"kind ${index}"}`));
    const errors = Array.from({ length: 500 }, (_unused, index) => textFrame(`{"type":"error","msg":"no ${index}"}`));
    const { client } = await meet([upgradeThen(...kinds, ...errors, trade(1))], {}, 1);
    await until(() => client.frames.length === 1);
    expect(client.context.node.extra).toMatchObject({ unknown_frames: 500, error_frames: 500 });
    expect(client.context.log.lines.length).toBeLessThan(50);
  });

  it.each([
    ['a fragment that is never finished', bytes(0x01, 0x01, 0x7b)],
    ['half a frame', trade(9).subarray(0, 20)],
    ['nothing more', bytes()],
  ])('closes a connection that sends %s, after its watchdog', async (_what, junk) => {
    // On a busy machine the second connection is given up as well: those after it have nothing more.
    const { client } = await meet([upgradeThen(trade(1), junk), upgradeThen(trade(2)), upgradeThen()]);
    await until(() => client.frames.length === 2 && client.context.node.extra['gap_ms'] !== undefined);
    expect(values(client)).toEqual([1, 2]);
    expect(client.context.node.extra['gap_ms']).toBeGreaterThanOrEqual(60_000);
  });

  it.each(['Invalid symbol KEY', 'Invalid API key', 'token expired', 'Unauthorized'])(
    'treats the error frame "%s" as a warning',
    async (msg) => {
      const symbols = ['KEY', 'AAPL'];
      const error = textFrame(JSON.stringify({ type: 'error', msg }));
      const { client } = await meet([upgradeThen(trade(1), error, trade(2))], { symbols }, 10);
      await until(() => client.frames.length === 2);
      expect(client.error()).toBeUndefined();
      expect(client.context.node.state).toBe('ok');
    },
  );

  it("adds the server's last error to the reason of a close", async () => {
    const complaint = textFrame('{"type":"error","msg":"Invalid API key Secret-123"}');
    const close = Buffer.concat([bytes(0x88, 2 + 16, 0x03, 0xf0), Buffer.from('bad \u001b Secret-123')]);
    const { client } = await meet([upgradeThen(complaint, close)], { token: 'Secret-123' }, 1);
    await until(() => client.context.node.state === 'retrying');
    expect(client.context.node.reason).toMatch(
      /closed the connection \(1008: bad \\u\{1b\} \*\*\*\), after "Invalid API key \*\*\*"$/,
    );
  });

  it('continues after an error frame about anything else, and hides the token in it', async () => {
    const { client } = await meet(
      [upgradeThen(textFrame('{"type":"error","msg":"No access to AAPL for Secret-123"}'), trade(1))],
      { token: 'Secret-123' },
    );
    await until(() => client.frames.length === 1);
    expect(client.context.node).toMatchObject({ state: 'ok', extra: { error_frames: 1 } });
    const logged = client.context.log.lines.find(({ level }) => level === 'error');
    expect(logged?.text).toBe('finnhub: the server says: No access to AAPL for ***');
  });

  it('suspects another user of its key when the server closes again and again, not when the connection is unstable', async () => {
    const leave = upgradeThen(bytes(0x88, 0x02, 0x03, 0xe8));
    const polite = await meet([leave], {}, 20);
    await until(() => /key in use elsewhere\?/.test(polite.client.context.node.reason ?? ''));
    expect(polite.client.context.node.extra['reconnects']).toBe(3);
    const flapping = await meet([upgradeThen(bytes(0x80, 0x00))], {}, 1000);
    await until(() => (flapping.client.context.node.extra['reconnects'] ?? 0) > 6);
    expect(flapping.client.context.node.reason ?? '').not.toMatch(/key in use/);
  });

  it('keeps a connection that answers pings, however long it is silent, and counts no gap', async () => {
    let pings = 0;
    const calm: Deed = (socket, request) => {
      upgradeThen(trade(1))(socket, request);
      socket.on('data', (data) => {
        if ((data[0] ?? 0) !== 0x89) return;
        pings++;
        socket.write(bytes(0x8a, 0));
      });
    };
    const { client, server } = await meet([calm], { watchdog: '10s' }, 100);
    await until(() => pings >= 5);
    expect(server.connections()).toBe(1);
    expect(client.context.node).toMatchObject({ state: 'ok', extra: {} });
  });

  it('ends a gap when the connection is back and all symbols are subscribed, with or without trades', async () => {
    const torn: Deed = (socket, request) => {
      upgradeThen(trade(1))(socket, request);
      setTimeout(() => socket.destroy(), 20);
    };
    const { client } = await meet([torn, upgradeThen()], { symbols: ['AAPL', 'MSFT'] }, 20);
    await until(() => client.context.node.extra['gap_ms'] !== undefined);
    expect(client.context.node).toMatchObject({ state: 'ok', extra: { gaps: 1, reconnects: 1 } });
    expect(client.frames.length).toBe(1);
  });

  it('requests a refused symbol again from time to time, and names the missing symbols in its state', async () => {
    let asked = 0;
    const choosy: Deed = (socket, request) => {
      upgradeThen()(socket, request);
      socket.on('data', (data) => {
        for (const text of clientTexts(data)) {
          if (text.includes('"NEW"') && ++asked < 3)
            socket.write(textFrame('{"type":"error","msg":"Invalid symbol NEW"}'));
          if (asked === 3 && text.includes('"NEW"'))
            socket.write(textFrame('{"type":"trade","data":[{"p":7,"s":"NEW","t":1,"v":1}]}'));
        }
      });
    };
    const { client } = await meet([choosy], { symbols: ['AAPL', 'NEW'], watchdog: '1h' }, 20_000);
    await until(() => client.context.node.reason?.includes('refused: NEW (Invalid symbol NEW)') ?? false);
    expect(client.context.node.state).toBe('ok');
    await until(() => client.frames.length === 1);
    expect(asked).toBe(3);
    await until(() => !(client.context.node.reason ?? '').includes('refused'));
  });

  it('can be closed at any moment: before the handshake is answered, and while it waits for the next attempt', async () => {
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
