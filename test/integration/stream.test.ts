import { afterEach, describe, expect, it } from 'vitest';
import { FdpError } from '../../src/errors.ts';
import { systemClock } from '../../src/kit/clock.ts';
import type { Platform } from '../../src/kit/environment.ts';
import { hurriedClock } from '../support/engine/hurried-clock.ts';
import { processSnapshot, topologySnapshot } from '../support/engine/snapshots.ts';
import { type Around, refusal, start } from '../support/sockets/rest.ts';
import { until } from '../support/sockets/sockets.ts';
import { closeStreams, connect, line, live, time, write } from '../support/sockets/stream.ts';

const report = { pipeline: 'p', process: processSnapshot(0, [topologySnapshot('api')]), topologies: {} };
const platform: Platform = { snapshot: () => report.process, report: () => report, stop: () => {} };
const fast: Around = { clock: hurriedClock(20) };

afterEach(closeStreams);

describe('the stream of rest', () => {
  it('begins with everything that is known, and then sends what has changed', async () => {
    const { port, sink, node } = await live();
    await write(sink, line('AAPL', 1), line('AAPL', 2), line('TSLA', 3, { vwap: null }));
    const client = await connect(port);
    await until(() => client.prices.length === 1);
    expect(client).toMatchObject({
      status: 200,
      headers: {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store, no-transform',
        'x-content-type-options': 'nosniff',
      },
    });
    expect(client.text).toMatch(/^retry: 2000\n\n/);
    expect(client.prices[0]).toEqual({
      at: expect.any(Number),
      full: true,
      symbols: [
        { symbol: 'AAPL', price: 2, vwap: 3, time, trades: 0 },
        { symbol: 'TSLA', price: 3, vwap: null, time, trades: 0 },
      ],
    });
    await write(sink, line('TSLA', 4), line('TSLA', 5));
    await until(() => client.prices.length === 2);
    expect(client.prices[1]).toMatchObject({ full: false, symbols: [{ symbol: 'TSLA', price: 5, trades: 2 }] });
    expect(node.extra).toMatchObject({ streams_open: 1, requests: 1 });
    await client.close();
    await until(() => node.extra['streams_open'] === 0);
  });

  it('sends every change to ten pages at once, conflated to at most four snapshots per second', async () => {
    const { port, sink } = await live();
    const pages = await Promise.all(Array.from({ length: 10 }, () => connect(port)));
    const began = systemClock.monotonic();
    let written = 0;
    while (systemClock.monotonic() - began < 2000) {
      await write(sink, line('AAPL', ++written), line(`S${written % 20}`, written));
      await systemClock.sleep(1);
    }
    await until(() => pages.every(({ trades }) => trades === 2 * written));
    const seconds = (systemClock.monotonic() - began) / 1000;
    for (const { prices } of pages) {
      expect(prices.length).toBeGreaterThan(2);
      expect(prices.length).toBeLessThanOrEqual(Math.ceil(4 * seconds) + 1);
      expect(prices.filter(({ full }) => full)).toEqual([prices[0]]);
      expect(prices.at(-1)?.symbols.find(({ symbol }) => symbol === 'AAPL')).toMatchObject({ price: written });
    }
    expect(new Set(pages.map(({ lastId }) => lastId)).size).toBe(1);
  });

  it('sends a page that comes back what it has missed, in one piece and under the same number', async () => {
    const { port, sink } = await live({}, fast);
    const [left, stayed] = [await connect(port), await connect(port)];
    await write(sink, line('AAPL', 1), line('TSLA', 1), line('MSFT', 1));
    await until(() => left.trades === 3 && stayed.trades === 3);
    await left.close();
    for (const price of [2, 3]) {
      const snapshots = stayed.prices.length;
      await write(sink, line('AAPL', price), line('AAPL', price), line('MSFT', price));
      await until(() => stayed.prices.length > snapshots);
    }
    const back = await connect(port, left.lastId);
    await until(() => back.prices.length === 1);
    expect(back.lastId).toBe(stayed.lastId);
    expect(back.prices[0]).toMatchObject({
      full: false,
      symbols: [
        { symbol: 'AAPL', price: 3, trades: 4 },
        { symbol: 'MSFT', price: 3, trades: 2 },
      ],
    });
    const current = await connect(port, stayed.lastId);
    await until(() => current.statuses.length === 1);
    expect(current.prices).toEqual([]);
  });

  it('keeps snapshots for the only page that was connected, but not without limit', async () => {
    const { port, sink } = await live({}, { clock: hurriedClock(500) });
    const page = await connect(port);
    await write(sink, line('AAPL', 1));
    await until(() => page.trades === 1);
    await page.close();
    await write(sink, line('AAPL', 2));
    const back = await connect(port, page.lastId);
    await until(() => back.trades === 1);
    expect(back.prices.some(({ full }) => full)).toBe(false);
    await back.close();
    await systemClock.sleep(150);
    await write(sink, line('AAPL', 3), line('AAPL', 4));
    const late = await connect(port, back.lastId);
    await until(() => late.prices.length === 1);
    expect(late.prices[0]).toMatchObject({ full: true, symbols: [{ symbol: 'AAPL', price: 4, trades: 0 }] });
  });

  it.each(['other-1', 'nonsense', '-', 'own-99', 'own-x', ''])(
    'sends everything to a page with the id %j, which it never assigned',
    async (id) => {
      const { port, sink } = await live();
      await write(sink, line('AAPL', 1));
      const first = await connect(port);
      await until(() => first.prices.length === 1);
      const [tag = ''] = first.lastId.split('-');
      const client = await connect(port, id.replace('own', tag));
      await until(() => client.prices.length === 1);
      expect(client.prices[0]).toMatchObject({ full: true, symbols: [{ symbol: 'AAPL' }] });
    },
  );

  it('sends everything to a page that was disconnected for too long', async () => {
    const { port, sink } = await live({}, { clock: hurriedClock(250) });
    const [left, stayed] = [await connect(port), await connect(port)];
    await write(sink, line('AAPL', 0));
    await until(() => left.trades === 1);
    await left.close();
    for (let snapshots = stayed.prices.length; snapshots < 260; snapshots = stayed.prices.length) {
      await write(sink, line('TSLA', snapshots));
      await until(() => stayed.prices.length > snapshots);
    }
    const back = await connect(port, left.lastId);
    await until(() => back.prices.length === 1);
    expect(back.prices[0]).toMatchObject({ full: true, symbols: [{ symbol: 'AAPL' }, { symbol: 'TSLA' }] });
  });

  it('keeps at most 2000 symbols', async () => {
    const { port, sink } = await live();
    await write(sink, ...Array.from({ length: 2005 }, (_, index) => line(`S${index}`, index)));
    const client = await connect(port);
    await until(() => client.prices.length === 1);
    expect(client.prices[0]?.symbols).toHaveLength(2000);
    expect(client.prices[0]?.symbols[0]).toMatchObject({ symbol: 'S5' });
  });

  it('refuses what is not a price, and nothing else', async () => {
    const { sink } = await live();
    const wrong = [{}, null, 7, { symbol: 'A', price: 'x', time }, { symbol: ' ', price: 1, time }];
    const messages = wrong.map((value) => ({ ...line('A', 1), value }));
    const { failed } = await write(sink, line('AAPL', 1), ...messages, line('AAPL', 2));
    expect([...(failed?.keys() ?? [])]).toEqual([1, 2, 3, 4, 5]);
    expect(failed?.get(1)).toMatchObject({ code: 'FDP_MESSAGE_REFUSED' });
  });

  it('sends the state of all processes once a second, with one query for all pages, and only for them', async () => {
    let polls = 0;
    const reports = async () => {
      polls++;
      return [report, report];
    };
    const { port } = await live({}, { ...fast, platform: { ...platform, reports } });
    await systemClock.sleep(200);
    expect(polls).toBe(0);
    const pages = await Promise.all(Array.from({ length: 5 }, () => connect(port)));
    await until(() => pages.every(({ statuses }) => statuses.length > 5));
    expect(polls).toBeLessThanOrEqual(Math.max(...pages.map(({ statuses }) => statuses.length)) + 1);
    for (const { statuses } of pages) {
      expect(statuses.at(-1)).toEqual({ at: expect.any(Number), processes: [report, report] });
    }
    await Promise.all(pages.map((page) => page.close()));
    await systemClock.sleep(100);
    const seen = polls;
    await systemClock.sleep(300);
    expect(polls).toBe(seen);
  });

  it('shows its own process, and why the others are missing, while the table is unavailable, slow, or missing', async () => {
    let reports: NonNullable<Platform['reports']> = () =>
      Promise.reject(new FdpError('FDP_UNAVAILABLE', 'mongodb://secret is away'));
    const away = await live({}, { ...fast, platform: { ...platform, reports: () => reports() } });
    const page = await connect(away.port);
    const saying = (text: string) => until(() => page.statuses.at(-1)?.error?.includes(text) === true, text);
    await saying('is unavailable');
    expect(page.statuses.at(-1)?.processes).toEqual([report]);
    expect(page.text).not.toContain('secret');
    let answer = (): void => {};
    reports = () =>
      new Promise((resolve) => {
        answer = () => resolve([report]);
      });
    await saying('does not respond');
    const silent = page.statuses.length;
    await until(() => page.statuses.length > silent + 3);
    reports = async () => [report, report, report];
    answer();
    await until(() => page.statuses.at(-1)?.processes.length === 3);
    expect(page.statuses.at(-1)).not.toHaveProperty('error');

    const none = await live({}, { ...fast, platform });
    const alone = await connect(none.port);
    await until(() => alone.statuses.length > 1);
    expect(alone.statuses.at(-1)).toEqual({
      at: expect.any(Number),
      processes: [report],
      error: expect.stringContaining('no status table'),
    });
  });

  it('is served only with `ui`', async () => {
    const { get, sink } = await start();
    expect(await get('/api/v1/stream')).toMatchObject({ status: 404, body: refusal() });
    expect(await write(sink, line('AAPL', 1))).toEqual({});
  });
});
