import { describe, expect, it } from 'vitest';
import { eventually, Process, temporaryFolder } from '../support/cli/platform.ts';
import { workspaceIn } from '../support/cli/workspace.ts';
import { EventClient, type PricesData } from '../support/sockets/sse.ts';

/** A folder and ports that several processes share. */
async function sharedWorkspace(folder: string) {
  const { env, api } = await workspaceIn(folder);
  return { env: { ...env, OBSERVE_PORT: '0' }, apiPort: Number(new URL(api).port) };
}

/** Opens a stream as soon as the API is available. */
async function connect(port: number): Promise<EventClient> {
  return eventually('the stream', async () => EventClient.open(port).catch(() => undefined));
}

const SYMBOLS = ['AAPL', 'AMD', 'GOOGL', 'MSFT', 'NVDA', 'TSLA'];

const symbolsOf = (prices: readonly PricesData[]) =>
  [...new Set(prices.flatMap(({ symbols }) => symbols.map(({ symbol }) => symbol)))].sort();

const brought = (page: EventClient) => async () => page.trades > 0;

describe.concurrent('the live page', () => {
  it('waits for the feed without noise, shows prices once it is there, and again after its restart', async () => {
    using folder = temporaryFolder();
    const { env, apiPort } = await sharedWorkspace(folder.path);
    await using api = new Process(['--topology', 'api,live'], env);
    const page = await connect(apiPort);
    const warnings = () => api.log.filter(({ level }) => level !== 'info').map(({ msg }) => msg);
    await eventually('a status and a warning', async () => page.statuses.length > 5 && warnings().length > 0);
    expect(page.prices).toEqual([{ at: expect.any(Number), full: true, symbols: [] }]);
    expect(warnings()).toEqual([expect.stringContaining('vwap_client is retrying')]);

    await using ingestor = new Process(['--topology', 'ingestor'], env);
    await using first = new Process(['--topology', 'analytics'], env);
    await eventually('prices', brought(page));
    const running = () => page.statuses.at(-1)?.processes.flatMap(({ process }) => process.topologies) ?? [];
    await eventually('all processes', async () => {
      const names = running()
        .map(({ name }) => name)
        .sort();
      return names.join() === 'analytics,api,ingestor,live';
    });
    expect(page.statuses.at(-1)).not.toHaveProperty('error');
    expect(await first.stop('SIGTERM')).toBe(0);
    const before = page.trades;
    await using second = new Process(['--topology', 'analytics'], env);
    await eventually('prices again', async () => page.trades > before + 10);
    await eventually('each symbol', async () => symbolsOf(page.prices).length === SYMBOLS.length);

    const again = await connect(apiPort);
    await eventually('everything', async () => again.prices.length > 0);
    expect(again.prices[0]).toMatchObject({ full: true });
    expect(symbolsOf(again.prices.slice(0, 1))).toEqual(SYMBOLS);
    expect(await api.stop('SIGTERM')).toBe(0);
    await eventually('the end of both streams', async () => page.closed && again.closed);
    expect(await second.stop('SIGTERM')).toBe(0);
    expect(await ingestor.stop('SIGTERM')).toBe(0);
  });

  it('is an error without the API in the same process', async () => {
    await using live = new Process(['--topology', 'live']);
    expect(await live.ended).toBe(2);
    expect(live.output).toContain('--topology api,live');
  });

  it('shows only its own process while the status table is unavailable', async () => {
    using folder = temporaryFolder();
    const { env, apiPort } = await sharedWorkspace(folder.path);
    const away = { MONGODB_URL: 'mongodb://127.0.0.1:1', API_UI: 'true' };
    await using api = new Process(['--profile', 'cluster', '--topology', 'api'], { ...env, ...away });
    const page = await connect(apiPort);
    await eventually('why the others are not known', async () => page.statuses.at(-1)?.error !== undefined);
    expect(page.statuses.at(-1)?.processes.map(({ process }) => process.topologies.map(({ name }) => name))).toEqual([
      ['api'],
    ]);
    expect(page.text).not.toContain('mongodb://127.0.0.1:1/');
    expect(await api.stop('SIGTERM')).toBe(0);
  });
});
