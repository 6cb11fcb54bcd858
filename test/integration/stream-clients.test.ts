import { afterEach, describe, expect, it } from 'vitest';
import { hurriedClock } from '../support/engine/hurried-clock.ts';
import { ask, refusal } from '../support/sockets/rest.ts';
import { until } from '../support/sockets/sockets.ts';
import { closeStreams, connect, line, live, write } from '../support/sockets/stream.ts';

afterEach(closeStreams);

describe('the stream of rest', () => {
  it('sends a comment every 15 seconds', async () => {
    const { port } = await live({}, { clock: hurriedClock(100) });
    const page = await connect(port);
    await until(() => page.text.split('\n\n:\n\n').length > 2);
    expect(page.statuses.length).toBeGreaterThanOrEqual(30);
  });

  it('drops a page that no longer reads, while memory stays flat and the others get every change', async () => {
    const { port, sink, node } = await live({}, { clock: hurriedClock(20) });
    const [stuck, reads] = [await connect(port), await connect(port)];
    await until(() => stuck.prices.length === 1);
    stuck.pause();
    const symbols = Array.from({ length: 2000 }, (_, index) => `SYMBOL-${index}-${'x'.repeat(40)}`);
    const resident = () => {
      globalThis.gc?.();
      return process.memoryUsage().external + process.memoryUsage().arrayBuffers;
    };
    const before = resident();
    let written = 0;
    while (node.extra['slow_streams'] === undefined) {
      await write(sink, ...symbols.map((symbol) => line(symbol, written)));
      written += symbols.length;
      const { trades } = reads;
      await until(() => reads.trades > trades || reads.trades === written);
    }
    await until(() => reads.trades === written);
    expect(resident() - before).toBeLessThan(64 * 1024 ** 2);
    expect(node.extra).toMatchObject({ slow_streams: 1, streams_open: 1 });
    stuck.resume();
    await until(() => stuck.closed);
  });

  it('sends everything to a page that was slow for a while, in fewer pieces', async () => {
    const { port, sink } = await live({ client_timeout: '1h' }, { clock: hurriedClock(20) });
    const [slow, reads] = [await connect(port), await connect(port)];
    await until(() => slow.prices.length === 1 && reads.prices.length === 1);
    slow.pause();
    const symbols = Array.from({ length: 500 }, (_, index) => `SYMBOL-${index}-${'x'.repeat(40)}`);
    let written = 0;
    for (let turn = 0; turn < 150; turn++) {
      const { length } = reads.prices;
      await write(sink, ...symbols.map((symbol) => line(symbol, turn)));
      written += symbols.length;
      await until(() => reads.prices.length > length);
    }
    slow.resume();
    await write(sink, line('AAPL', 1));
    await until(() => slow.lastId === reads.lastId);
    expect(slow.prices.length).toBeLessThan(reads.prices.length);
    const isWhole = slow.prices.slice(1).every(({ full }) => !full);
    expect(isWhole ? slow.trades : written + 1).toBe(written + 1);
    expect(slow.prices.at(-1)?.symbols.at(-1)).toMatchObject({ symbol: 'AAPL' });
  });

  it('answers 503 beyond max_streams, which are counted apart from requests', async () => {
    const { port, get, node } = await live({ max_streams: 2, max_requests: 1 });
    await connect(port);
    const second = await connect(port);
    expect(await get('/api/v1/stream')).toMatchObject({
      status: 503,
      headers: { 'retry-after': '1', 'content-type': 'application/json; charset=utf-8' },
      body: { ...refusal(), code: 'FDP_BUSY' },
    });
    expect((await get('/api/v1/symbols')).status).toBe(200);
    await second.close();
    await until(() => node.extra['streams_open'] === 1);
    expect((await connect(port)).status).toBe(200);
  });

  it('is not subject to the time limits of requests', async () => {
    const { port, sink } = await live({ timeout: '20ms', client_timeout: '40ms' });
    const page = await connect(port);
    await until(() => page.statuses.length > 2);
    await write(sink, line('AAPL', 1));
    await until(() => page.trades === 1);
  });

  it('ends every stream during a drain, and accepts no new one', async () => {
    const { port, subscription, source } = await live();
    const pages = await Promise.all([connect(port), connect(port), connect(port)]);
    await until(() => pages.every(({ prices }) => prices.length === 1));
    subscription.unsubscribe();
    await until(() => pages.every(({ closed }) => closed));
    await source.close();
    await expect(ask(port, '/api/v1/stream')).rejects.toThrow('ECONNREFUSED');
  });

  it('answers HEAD without a stream, and nothing but GET and HEAD', async () => {
    const { get, node } = await live();
    expect(await get('/api/v1/stream', { method: 'HEAD' })).toMatchObject({
      status: 200,
      text: '',
      headers: { 'content-type': 'text/event-stream; charset=utf-8' },
    });
    expect(await get('/api/v1/stream', { method: 'POST' })).toMatchObject({ status: 405, body: refusal() });
    expect(node.extra['streams_open'] ?? 0).toBe(0);
  });
});
