import { afterEach, describe, expect, it } from 'vitest';
import type { FdpError } from '../../src/errors.ts';
import { hurriedClock } from '../support/engine/hurried-clock.ts';
import type { Feed } from '../support/sockets/feeds.ts';
import { closeOpened, connected, frame, nextPrice, start, subscribed } from '../support/sockets/finnhub.ts';
import { until } from '../support/sockets/sockets.ts';

afterEach(closeOpened);

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
});
