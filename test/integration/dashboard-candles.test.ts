import { describe, expect, it } from 'vitest';
import { type BarQuestion, barRequest } from '../../connectors/terminal/bar-request.ts';
import { systemClock } from '../../src/kit/clock.ts';
import { VirtualClock } from '../../src/simulate/virtual-clock.ts';
import { eventually } from '../support/cli/platform.ts';
import { CandlesApi, candleAnswer } from '../support/sockets/candles-api.ts';

const question: BarQuestion = {
  symbol: 'BINANCE:BTC/USDT ü',
  interval: '5m',
  limit: 40,
  askedAt: Date.UTC(2026, 0, 5),
};
const bar = candleAnswer({ start: Date.UTC(2026, 0, 5, 14, 30), lengthMs: 300_000, open: 10, close: 12 });
const never = new AbortController().signal;

describe('candles over HTTP', () => {
  it('are requested by the symbol of the feed, the interval and the number', async () => {
    await using api = await CandlesApi.open(() => [bar]);
    const bars = await barRequest(api.url, systemClock)(question, never);
    expect(bars.map(({ open, close, volume }) => [open, close, volume])).toEqual([[10, 12, 100]]);
    expect(api.asked).toEqual([{ symbol: question.symbol, interval: question.interval, limit: question.limit }]);
  });

  it.each([
    ['fdp_a-key', 'Bearer fdp_a-key'],
    ['', undefined],
  ])('are asked for with the key "%s"', async (key, expected) => {
    let given: string | undefined = 'nothing was asked';
    await using api = await CandlesApi.open((_question, response) => {
      given = response.req.headers.authorization;
      return [bar];
    });
    await barRequest(api.url, systemClock, key)(question, never);
    expect(given).toBe(expected);
  });

  it.each([
    [404, { error: 'Cannot GET /api/v1/candles' }, /answers 404: Cannot GET/],
    [503, { data: null, error: 'storage_unavailable' }, /answers 503: storage_unavailable$/],
    [500, '<html>', /answers 500$/],
    [200, '<html>', /answers with something else than bars$/],
    [200, { data: { data: [{ no: 'bar' }] } }, /answers with something else than bars$/],
    [302, {}, /can't be reached/],
    [200, { data: 'x'.repeat(1_100_000) }, /answers with more than 1 MiB$/],
  ])('that failed (%i) are reported in one line', async (status, body, text) => {
    await using api = await CandlesApi.open((_question, response) => {
      response.writeHead(status, { location: 'http://127.0.0.1:1/' });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
      return undefined;
    });
    const asked = barRequest(api.url, systemClock)(question, never);
    await expect(asked).rejects.toMatchObject({ code: 'FDP_UNAVAILABLE', message: expect.stringMatching(text) });
    await asked.catch((error: Error) => expect(error.message).toMatch(/^127\.0\.0\.1:\d+ [^\n]*$/));
  });

  it('of a server that is unavailable are reported as such', async () => {
    const api = await CandlesApi.open(() => []);
    await api.close();
    await expect(barRequest(api.url, systemClock)(question, never)).rejects.toThrow(
      `127.0.0.1:${api.port} refuses the connection: nothing listens there`,
    );
  });

  it('time out after 4 s, and are aborted at once when nobody needs them any more', async () => {
    const clock = new VirtualClock();
    await using api = await CandlesApi.open(() => undefined);
    const late = barRequest(api.url, { ...systemClock, timer: (ms, fn) => clock.timer(ms, fn) })(question, never);
    const failure = late.catch((error: Error) => error.message);
    await eventually('the question', async () => api.asked.length > 0);
    await clock.advance(4000);
    expect(await failure).toBe(`127.0.0.1:${api.port} has not answered within 4 s`);
    const stop = new AbortController();
    const given = barRequest(api.url, systemClock)(question, stop.signal);
    stop.abort();
    await expect(given).rejects.toThrow();
    expect(clock.timers).toBe(0);
  });
});
