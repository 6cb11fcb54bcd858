import { afterEach, describe, expect, it } from 'vitest';
import type { FdpError } from '../../src/errors.ts';
import { hurriedClock } from '../support/engine/hurried-clock.ts';
import { sourceMessage } from '../support/engine/operators.ts';
import { type Feed, feed, type TestExchange, testExchange } from '../support/sockets/feeds.ts';
import { until } from '../support/sockets/sockets.ts';

const opened: { close(): Promise<unknown> }[] = [];

async function start(options: object = {}, port = 0): Promise<TestExchange> {
  const server = await testExchange(options, port);
  opened.push({ close: () => server.sink.close() });
  return server;
}

async function connected(...given: Parameters<typeof feed>): Promise<Feed> {
  const client = await feed(...given);
  opened.push(client);
  return client;
}

afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close();
});

let nextPrice = 0;

function frame(...symbols: string[]) {
  return { type: 'trade', data: symbols.map((s) => ({ p: ++nextPrice, s, t: 1763645598585, v: 1 })) };
}

/** Waits until the server knows the client's subscription: it then delivers a frame. */
async function subscribed(server: TestExchange, client: Feed, symbol = 'AAPL'): Promise<void> {
  const before = client.frames.length;
  await until(async () => {
    await server.send(frame(symbol));
    return client.frames.length > before;
  });
}

function values(client: Feed): unknown[] {
  return client.frames.map(({ value }) => value);
}

describe('finnhub', () => {
  it('gives the frames of its symbols in order, and no others', async () => {
    const server = await start();
    const client = await connected(server.port, { symbols: ['AAPL', 'MSFT'] });
    await subscribed(server, client, 'MSFT');
    const seen = client.frames.length;
    const mixed = frame('AAPL', 'TSLA', 'MSFT');
    await server.send(mixed, frame('TSLA'), frame('AAPL'));
    await until(() => client.frames.length >= seen + 2);
    expect(values(client)[seen]).toEqual({ type: 'trade', data: [mixed.data[0], mixed.data[2]] });
    expect(client.frames[seen]).toMatchObject({ key: null, meta: { lane: 'finnhub' } });
    expect(Date.now() - (client.frames[seen]?.timestamp ?? 0)).toBeLessThan(60_000);
    expect(client.context.node.state).toBe('ok');
  });

  it('gives, when disconnected ten times, everything received in every session exactly once and in order, and counts the gaps', async () => {
    const server = await start({ faults: { cut_every: 50 } });
    const client = await connected(server.port, {}, { clock: hurriedClock(200) });
    for (let round = 0; round < 10; round++) {
      await until(() => client.context.node.state === 'ok');
      while ((server.context.node.extra['faults'] ?? 0) <= round) await server.send(frame('AAPL'));
      await until(() => (client.context.node.extra['gaps'] ?? 0) > round);
    }
    await subscribed(server, client);
    const prices = client.frames.map(({ value }) => (value as ReturnType<typeof frame>).data[0]?.p ?? 0);
    expect(prices.length).toBeGreaterThan(10);
    for (const [index, price] of prices.entries()) expect(price).toBeGreaterThan(prices[index - 1] ?? 0);
    expect(client.frames.filter(({ problem }) => problem)).toEqual([]);
    expect(client.context.node.extra).toMatchObject({ gaps: 10, reconnects: 10 });
    await until(() => client.gaps.length === 20);
    for (let cut = 0; cut < 10; cut++) {
      const [began, ended] = client.gaps.slice(2 * cut, 2 * cut + 2);
      const { from, reason, feed: name } = began?.gap ?? {};
      expect([began?.key, name, began?.gap.to]).toEqual(['AAPL', 'finnhub', undefined]);
      expect(reason).toMatch(/closed the connection|connection/);
      expect(ended).toMatchObject({ key: 'AAPL', gap: { from, reason } });
      // No received frame lies within a gap, and none was received between the two messages of a gap.
      expect(client.frames[(began?.after ?? 0) - 1]?.timestamp).toBeLessThanOrEqual((from ?? 0) + 1);
      expect(ended?.gap.to).toBeGreaterThanOrEqual(from ?? 0);
      expect(client.frames[ended?.after ?? 0]?.timestamp).toBeGreaterThanOrEqual(ended?.gap.to ?? 0);
    }
    expect(client.context.node.extra['gap_ms']).toBeGreaterThan(0);
  });

  it('gives what it still holds after the intake has stopped, and then ends', async () => {
    const server = await start();
    let release = () => {};
    const hold = new Promise<void>((resolve) => {
      release = resolve;
    });
    const client = await connected(server.port, {}, { hold });
    await until(() => server.context.node.extra['clients'] === 1);
    await until(async () => {
      await server.send(frame('AAPL'));
      return (server.context.node.extra['frames_sent'] ?? 0) >= 20;
    });
    const other = await connected(server.port);
    await subscribed(server, other);
    client.stop();
    release();
    await client.finished;
    expect(client.frames.length).toBeGreaterThanOrEqual(20);
    await until(() => server.context.node.extra['clients'] === 1);
    expect(client.context.node.extra['gaps']).toBeUndefined();
  });

  it('ends the topology permanently when the server refuses the token, and never shows the token', async () => {
    const server = await start({ token: 'the right one' });
    const client = await connected(server.port, { token: 'a secret/+&' });
    await until(() => client.error() !== undefined);
    expect(client.error()).toMatchObject({ code: 'FDP_REFUSED', fault: 'fatal' });
    expect((client.error() as FdpError).message).toMatch(/^finnhub: the server refused the token \(401\): set `token`/);
    const logged = JSON.stringify([client.context.log.lines, String(client.error()), client.context.node.reason]);
    expect(logged).not.toMatch(/a secret|a%20secret|a\+secret/);
  });

  it('waits for an unavailable server, logs why once, and subscribes when it is available', async () => {
    const first = await start();
    const { port } = first;
    await first.sink.close();
    const client = await connected(port, {}, { clock: hurriedClock(100) });
    await until(() => client.context.node.state === 'retrying');
    expect(client.context.node.reason).toMatch(/refuses the connection/);
    const server = await start({}, port);
    await subscribed(server, client);
    expect(client.context.node.extra['gaps']).toBeUndefined();
    expect(client.context.node).toMatchObject({ state: 'ok', reason: undefined });
  });

  it('closes a silent connection after its watchdog, and counts the silence as a gap', async () => {
    const server = await start({ faults: { silence_every: 50, silence: '1s' } });
    const client = await connected(server.port, {}, { clock: hurriedClock(100) });
    await subscribed(server, client);
    await until(async () => {
      await server.send(frame('AAPL'));
      return client.context.node.state === 'retrying';
    });
    expect(client.context.node.reason).toMatch(/was silent for 60000 ms/);
    await subscribed(server, client);
    expect(client.context.node.extra['gap_ms']).toBeGreaterThanOrEqual(60_000);
    const [silence] = client.gaps.filter(({ gap }) => gap.to !== undefined);
    expect((silence?.gap.to ?? 0) - (silence?.gap.from ?? 0)).toBeGreaterThanOrEqual(60_000);
    expect(silence?.gap.reason).toMatch(/was silent for 60000 ms/);
    expect(client.context.log.lines.some(({ text }) => /trades from .* to .* may be missing/.test(text))).toBe(true);
  });

  it('passes on unreadable frames with their bytes, and leaves out unknown ones', async () => {
    const server = await start({ control: true });
    const client = await connected(server.port);
    await subscribed(server, client);
    await server.send({ type: 'trade', data: [] });
    const garbled = await start({ faults: { garbage: 1 } });
    const other = await connected(garbled.port);
    await until(async () => {
      await garbled.send(frame('AAPL'));
      return (other.context.node.extra['unknown_frames'] ?? 0) > 2 && other.frames.some(({ problem }) => problem);
    });
    const unreadable = other.frames.filter(({ problem }) => problem);
    for (const { problem, raw, value } of unreadable) {
      expect(problem?.code).toBe('FDP_MESSAGE_UNREADABLE');
      expect(value).toBeUndefined();
      expect(raw?.length).toBeGreaterThan(0);
    }
    const lines = other.context.log.lines.filter(({ text }) => text.includes('unknown type news'));
    expect(lines).toHaveLength(1);
  });

  it('warns of more symbols than the key allows, and stops subscribing when the server refuses', async () => {
    const symbols = Array.from({ length: 6 }, (_, index) => `S${index}`);
    const server = await start({ max_symbols: 3 });
    const client = await connected(server.port, { symbols, max_symbols: 3 }, { clock: hurriedClock(10) });
    expect(client.context.log.lines[0]?.text).toMatch(/6 symbols are more than the 3/);
    await until(() => client.context.node.extra['error_frames'] === 1);
    await subscribed(server, client, 'S2');
    expect(client.context.node.extra['error_frames']).toBe(1);
    expect(client.context.node).toMatchObject({ state: 'ok', reason: 'left out, too many symbols: S3, S4, S5' });
  });

  it('leaves the gap of a symbol that the server refuses open until it is subscribed to', async () => {
    const first = await testExchange({});
    const clock = hurriedClock(10);
    const client = await connected(first.port, { symbols: ['AAPL', 'MSFT'] }, { clock });
    await subscribed(first, client, 'MSFT');
    await first.sink.close();
    const second = await testExchange({ max_symbols: 1 }, first.port);
    await subscribed(second, client, 'AAPL');
    await until(() => client.context.node.reason === 'left out, too many symbols: MSFT');
    const spans = (symbol: string) => client.gaps.filter(({ key }) => key === symbol).map(({ gap }) => gap);
    await until(() => spans('AAPL').length === 2);
    const [away] = spans('MSFT');
    expect(spans('MSFT')).toEqual([{ ...away, to: undefined }]);
    await second.sink.close();
    const third = await start({}, first.port);
    await subscribed(third, client, 'MSFT');
    await until(() => spans('AAPL').length === 4 && spans('MSFT').length === 4);
    const [, ended, again, over] = spans('MSFT');
    expect([ended, over]).toEqual([
      { ...away, to: expect.any(Number) },
      { ...again, to: spans('AAPL')[3]?.to },
    ]);
    expect(again?.from).toBeLessThanOrEqual(ended?.to ?? 0);
  });

  it('logs once that the market seems closed when only pings come, and again when trades do', async () => {
    const server = await start({ ping: '20ms' });
    const client = await connected(server.port, {}, { clock: hurriedClock(1000) });
    await until(() => client.context.node.reason === 'idle, market closed?');
    expect(client.context.node.state).toBe('ok');
    await subscribed(server, client);
    const logged = client.context.log.lines.map(({ text }) => text);
    expect(logged.filter((text) => text.includes('market closed?'))).toHaveLength(1);
    await until(() => client.context.log.lines.some(({ text }) => text === 'finnhub: trades again'));
  });

  it('drops the oldest frames when its queue is full, and counts them as one gap', async () => {
    const server = await start();
    let release = () => {};
    const hold = new Promise<void>((resolve) => {
      release = resolve;
    });
    const client = await connected(server.port, { queue: { messages: 10 } }, { hold });
    await until(async () => {
      await server.send(frame('AAPL'));
      return (client.context.node.extra['dropped_frames'] ?? 0) >= 25;
    });
    const last = nextPrice;
    release();
    await until(() => client.frames.length >= 10);
    const prices = client.frames.map(({ value }) => (value as ReturnType<typeof frame>).data[0]?.p);
    expect(prices.slice(0, 10)).toContain(last - 5);
    await until(() => client.context.log.lines.some(({ text }) => text.includes('the queue is full')));
    expect(client.context.node.extra['gaps']).toBe(1);
    await until(() => client.gaps.length === 2);
    const [began, ended] = client.gaps;
    expect([began?.after, began?.gap.to, ended?.gap.from]).toEqual([0, undefined, began?.gap.from]);
    expect(began?.gap.reason).toMatch(/the queue is full/);
  });

  it('drops nothing when its queue is full and it is set to pause', async () => {
    const server = await start({ client_buffer: '64MiB' });
    let release = () => {};
    const hold = new Promise<void>((resolve) => {
      release = resolve;
    });
    const queue = { messages: 10, when_full: 'pause' };
    const client = await connected(server.port, { queue }, { hold });
    await until(async () => {
      await server.send(...Array.from({ length: 100 }, () => frame('AAPL')));
      return (server.context.node.extra['frames_sent'] ?? 0) >= 5000;
    });
    const sent = server.context.node.extra['frames_sent'];
    release();
    await until(() => client.frames.length === sent);
    expect(client.context.node.extra).toEqual({});
  });

  it('leaves the frames with the server when its queue is full and it is set to pause; a disconnect by the server makes a gap', async () => {
    const server = await start();
    let release = () => {};
    const hold = new Promise<void>((resolve) => {
      release = resolve;
    });
    const queue = { messages: 10, when_full: 'pause' };
    const client = await connected(server.port, { queue }, { hold, clock: hurriedClock(100) });
    const big = frame(...Array.from({ length: 2000 }, () => 'AAPL'));
    await until(async () => {
      await server.send(big);
      return server.context.node.extra['slow_clients_cut'] === 1;
    });
    release();
    await until(() => client.context.node.extra['gaps'] === 1);
    await subscribed(server, client);
    expect(client.frames.length).toBeLessThan(server.context.node.extra['frames_sent'] ?? 0);
    expect(client.context.node.extra['dropped_frames']).toBeUndefined();
  });

  it('reports for each symbol since when it was missing: a stop leaves a gap open, which the next process ends', async () => {
    const server = await start();
    const symbols = ['AAPL', 'MSFT'];
    const first = await connected(server.port, { symbols });
    await subscribed(server, first);
    first.stop();
    await first.finished;
    expect(first.gaps.map(({ key }) => key)).toEqual(symbols);
    const from = first.gaps[0]?.gap.from ?? 0;
    expect(first.gaps[0]?.gap).toEqual({ from, reason: 'stopped', feed: 'finnhub' });
    expect(first.frames.at(-1)?.timestamp).toBeLessThanOrEqual(from + 1);

    const left = first.gaps.map(({ key, gap }) => ({ ...sourceMessage({ type: 'gap', data: [], gap }), key }));
    const second = await connected(
      server.port,
      { symbols },
      { last: left.map((each) => ({ ...each, timestamp: from })) },
    );
    await until(() => second.gaps.length === 4);
    expect(second.gaps.map(({ key, gap }) => [key, gap.from, gap.to !== undefined])).toEqual([
      ...symbols.map((symbol) => [symbol, from, false]),
      ...symbols.map((symbol) => [symbol, from, true]),
    ]);
    expect(second.context.node.extra['gaps']).toBe(1);
  });
});
