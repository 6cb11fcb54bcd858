import { expect, it } from 'vitest';
import { Cluster } from '../support/cli/cluster.ts';
import { eventually } from '../support/cli/platform.ts';
import { get } from '../support/cli/workspace.ts';
import { onServices } from '../support/services/cluster.ts';
import { NumberedExchange } from '../support/sockets/numbered-exchange.ts';

const symbols = ['AAPL', 'GOOGL', 'TSLA', 'MSFT', 'NVDA', 'AMD'];

interface Listed {
  readonly reason: string;
  readonly state: string;
}

onServices('gaps', (services) => {
  it('are in the API and in the bars after an ingestor was killed, on Kafka and MongoDB', async () => {
    using cluster = new Cluster(services.kafka, services.mongo);
    await using exchange = await NumberedExchange.open(symbols);
    const feed = { FDP_FEED: 'finnhub', FINNHUB_URL: exchange.url, FINNHUB_TOKEN: 'token' };
    const trade = () =>
      exchange.send(JSON.stringify({ type: 'trade', data: symbols.map((s) => ({ s, p: 1.5, t: Date.now(), v: 1 })) }));
    const { process: reader, workspace } = await cluster.start(['--topology', 'candles,api']);
    const rows = async <T>(path: string) =>
      ((await get(`${workspace.api}${path}`))?.body['data'] as { data: T[] } | null)?.data;
    const away = async () => (await rows<{ gap_ms: number }>('/api/v1/candles/AMD?interval=1d'))?.[0]?.gap_ms;
    const { process: killed } = await cluster.start(['--topology', 'ingestor'], feed);
    await exchange.subscribed();
    await trade();
    await eventually('a bar without a gap', async () => (await away()) === 0);
    await killed.stop('SIGKILL');
    const { process: next } = await cluster.start(['--topology', 'ingestor'], feed);
    await exchange.subscribed();
    for (const symbol of symbols) {
      const listed = await eventually('the gap', async () => {
        const found = await rows<Listed>(`/api/v1/gaps?symbol=${symbol}`);
        return found?.length === 1 && found[0]?.state === 'closed' && found;
      });
      expect(listed[0]?.reason).toBe('the process was not running');
    }
    expect(await away()).toBeGreaterThan(0);
    expect(await next.stop()).toBe(0);
    expect(await reader.stop()).toBe(0);
  });
});
