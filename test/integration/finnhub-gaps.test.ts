import { afterEach, describe, expect, it } from 'vitest';
import { hurriedClock } from '../support/engine/hurried-clock.ts';
import { sourceMessage } from '../support/engine/operators.ts';
import { testExchange } from '../support/sockets/feeds.ts';
import { closeOpened, connected, frame, start, subscribed } from '../support/sockets/finnhub.ts';
import { until } from '../support/sockets/sockets.ts';

afterEach(closeOpened);

describe('finnhub', () => {
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
