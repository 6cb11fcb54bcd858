import { describe, expect, it } from 'vitest';

import { figure, parseMetrics } from '../support/cli/metrics.ts';
import { pipelineCopy } from '../support/cli/pipeline-copy.ts';
import { eventually, Process, temporaryFolder } from '../support/cli/platform.ts';
import { lettersOf } from '../support/cli/stored.ts';
import { get, workspaceIn } from '../support/cli/workspace.ts';
import { NumberedExchange } from '../support/sockets/numbered-exchange.ts';

const symbols = ['AAPL', 'GOOGL', 'TSLA', 'MSFT', 'NVDA', 'AMD'];

interface Listed {
  readonly symbol: string;
  readonly from: string;
  readonly to: string | null;
  readonly reason: string;
  readonly state: string;
}

interface Bar {
  readonly gap_ms: number;
  readonly complete: boolean;
}

/** The figures of the feed in `/metrics`: gaps, open ones, seconds. */
async function feedFigures(env: Readonly<Record<string, string>>, node: string): Promise<readonly number[]> {
  const text = await (await fetch(`http://127.0.0.1:${env['OBSERVE_PORT']}/metrics`)).text();
  const series = parseMetrics(text);
  return ['gaps_total', 'open_gaps', 'gap_seconds_total'].map((name) =>
    figure(series, `fdp_feed_${name}`, { topology: 'ingestor', node }),
  );
}

describe('gaps', () => {
  it('of a mock market that disconnects now and then are in the API, the bars and the metrics, open and closed', async () => {
    using folder = temporaryFolder();
    const { env, api } = await workspaceIn(folder.path);
    const path = pipelineCopy(folder.path, [
      'rate: 50/s, seed: 42',
      'rate: 50/s, seed: 42, away: { every: 6s, for: 3s }',
    ]);
    await using platform = new Process(['--pipeline', path, '--topology', 'ingestor,candles,api'], env);
    const rows = async <T>(path: string) => ((await get(`${api}${path}`))?.body['data'] as { data: T[] } | null)?.data;
    const inState = (state: string) => async () =>
      (await rows<Listed>('/api/v1/gaps?symbol=AMD'))?.find((gap) => gap.state === state);
    expect(await eventually('an open gap', inState('open'))).toMatchObject({
      ...{ symbol: 'AMD', to: null, reason: 'simulated by the option `away`' },
    });
    const open = await eventually('an open gap in the metrics', async () => {
      const figures = await feedFigures(env, 'mock');
      return figures[1] === 1 && figures;
    });
    const later = await eventually('more seconds away', async () => {
      const figures = await feedFigures(env, 'mock');
      return (figures[2] ?? 0) > (open[2] ?? 0) && figures;
    });
    expect(later[0]).toBeGreaterThanOrEqual(1);
    const closed = await eventually('a closed gap', inState('closed'));
    expect(Date.parse(closed?.to ?? '') - Date.parse(closed?.from ?? '')).toBeGreaterThanOrEqual(3000);
    await eventually('no open gap in the metrics', async () => (await feedFigures(env, 'mock'))[1] === 0);
    const bars = await eventually('bars', async () => rows<Bar>('/api/v1/candles/AMD?interval=1d'));
    expect(bars.reduce((sum, { gap_ms }) => sum + gap_ms, 0)).toBeGreaterThanOrEqual(3000);
    expect(lettersOf(folder.path)).toEqual([]);
    expect(await platform.stop()).toBe(0);
  });

  it('are in the API and in the bars after a stop and after a kill: from the last trade until the feed is back', async () => {
    using folder = temporaryFolder();
    await using exchange = await NumberedExchange.open(symbols);
    const { env, api } = await workspaceIn(folder.path);
    const feed = { FDP_FEED: 'finnhub', FINNHUB_URL: exchange.url, FINNHUB_TOKEN: 'key' };
    const args = ['--topology', 'ingestor,candles,api'];
    const rows = async <T>(path: string) => ((await get(`${api}${path}`))?.body['data'] as { data: T[] } | null)?.data;
    const gapsOf = (symbol: string) => rows<Listed>(`/api/v1/gaps?symbol=${symbol}`);
    const ended = (count: number) => async () => {
      const listed = await gapsOf('AMD');
      return listed?.length === count && listed.every(({ state }) => state === 'closed') && listed;
    };
    /** Sends one trade of each symbol, dated now. */
    const trade = async () => {
      const data = symbols.map((s) => ({ s, p: 1.5, t: Date.now(), v: 1 }));
      await exchange.send(JSON.stringify({ type: 'trade', data }));
    };
    const barsOf = (symbol: string) => rows<Bar>(`/api/v1/candles/${symbol}?interval=1d`);

    await using first = new Process(args, { ...env, ...feed });
    await exchange.subscribed();
    await trade();
    await eventually('a bar', async () => ((await barsOf('AMD'))?.length ?? 0) > 0);
    expect(await gapsOf('AMD')).toEqual([]);
    expect((await barsOf('AMD'))?.[0]?.gap_ms).toBe(0);
    expect(await first.stop()).toBe(0);

    await using second = new Process(args, { ...env, ...feed });
    await exchange.subscribed();
    const [stopped] = await eventually('the end of the gap of the stop', ended(1));
    expect(stopped).toMatchObject({ symbol: 'AMD', reason: 'stopped', state: 'closed' });
    const killedAfter = Date.now();
    await trade();
    await eventually('the trade in its bar', async () => (await barsOf('AMD'))?.[0]?.gap_ms);
    await second.stop('SIGKILL');

    await using third = new Process(args, { ...env, ...feed });
    await exchange.subscribed();
    const [killed] = await eventually('the end of the gap of the kill', ended(2));
    expect(killed).toMatchObject({ reason: 'the process was not running' });
    expect(Date.parse(killed?.from ?? '')).toBeGreaterThanOrEqual(killedAfter);
    for (const symbol of symbols) expect(await gapsOf(symbol)).toHaveLength(2);
    await trade();
    const away = [stopped, killed].reduce(
      (sum, gap) => sum + Date.parse(gap?.to ?? '') - Date.parse(gap?.from ?? ''),
      0,
    );
    const bars = await eventually('the bar', async () => barsOf('AMD'));
    // If the test runs across midnight, the gaps are in the bars of two days.
    expect(bars.reduce((sum, { gap_ms }) => sum + gap_ms, 0)).toBe(away);
    expect(bars.some(({ complete }) => complete)).toBe(false);
    expect(lettersOf(folder.path)).toEqual([]);
    expect(await third.stop()).toBe(0);
  });
});
