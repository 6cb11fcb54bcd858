import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Cluster } from '../support/cli/cluster.ts';
import { pause, sized } from '../support/cli/faults.ts';
import { eventually } from '../support/cli/platform.ts';
import { Watched } from '../support/cli/watched.ts';
import { get } from '../support/cli/workspace.ts';
import { brokerProperties, ExchangeLoad, untilWhole } from '../support/kafka/exchange-load.ts';
import { onOwnServices } from '../support/services/cluster.ts';
import { type Service, startKafka, startMongo } from '../support/services/services.ts';
import { NumberedExchange } from '../support/sockets/numbered-exchange.ts';

type Server = 'kafka' | 'mongod';

const symbols = ['AAPL', 'GOOGL', 'TSLA', 'MSFT', 'NVDA', 'AMD'];
const all = 'ingestor,processor,analytics,api';
/** Those that need a server: of the ingestor 2, the processor 4, the analytics 2, the API 3. */
const nodes = 11;
const aloneMs = sized({ full: 30_000, fast: 1000 });

onOwnServices('a start without servers', () => {
  vi.setConfig({ testTimeout: sized({ full: 600_000, fast: 120_000 }) });
  const open: { close(): unknown }[] = [];
  const kept = <T>(thing: T, close: (thing: T) => unknown): T => {
    open.push({ close: () => close(thing) });
    return thing;
  };
  let servers: Readonly<Record<Server, Service>>;
  let exchange: NumberedExchange;
  let cluster: Cluster;
  let load: ExchangeLoad;

  beforeEach(async () => {
    const [kafka, mongod] = await Promise.all([startKafka({ properties: brokerProperties }), startMongo()]);
    servers = { kafka: kept(kafka, (it) => it.stop()), mongod: kept(mongod, (it) => it.stop()) };
    await Promise.all([kafka.kill(), mongod.kill()]);
    exchange = kept(await NumberedExchange.open(symbols), (it) => it[Symbol.asyncDispose]());
    cluster = kept(new Cluster(kafka.address, mongod.address), (it) => it[Symbol.dispose]());
  });
  afterEach(async () => {
    await load.end();
    for (const { close } of open.splice(0).reverse()) await close();
  });

  const start = async () => {
    const feed = { FDP_FEED: 'finnhub', FINNHUB_URL: exchange.url, FINNHUB_TOKEN: 'key' };
    const platform = kept(await Watched.start(cluster, all, feed), (it) => it.process.stop('SIGKILL'));
    await platform.red();
    await exchange.subscribed();
    load = new ExchangeLoad(exchange, 50);
    return platform;
  };
  const api = async (platform: Watched) => (await get(`${platform.workspace.api}/api/v1/symbols`))?.status;
  /** The topologies that are ready. */
  const ready = async (platform: Watched): Promise<readonly string[]> => {
    const { body } = (await platform.health()) ?? {};
    const topologies = (body?.['topologies'] ?? []) as readonly { readonly name: string; readonly ready: boolean }[];
    return topologies.filter((each) => each.ready).map(({ name }) => name);
  };

  const orders: readonly (readonly [Server, Server, readonly string[]])[] = [
    ['kafka', 'mongod', ['ingestor', 'analytics']],
    ['mongod', 'kafka', ['api']],
  ];
  it.each(orders.slice(0, sized({ full: 2, fast: 1 })))(
    'waits for both, works as far as %s suffices, and is whole when %s has come',
    async (first, second, able) => {
      const platform = await start();
      await eventually('the API says that the store is away', async () => (await api(platform)) === 503);
      await eventually('nobody is ready', async () => (await ready(platform)).length === 0);
      await pause(aloneMs);
      const waiting = platform.changes();
      expect(waiting).toEqual([...new Set(waiting)]);
      const reasons = platform.lines.filter(({ state }) => state === 'connecting').map(({ msg }) => msg);
      for (const reason of reasons) expect(reason).toMatch(/^(\w+) is connecting: \1: /);
      await servers[first].restart();
      await eventually(`${able} ready`, async () => String(await ready(platform)) === String(able)).catch(
        async (error) => {
          throw new Error(
            `${error.message}: ${JSON.stringify((await platform.health())?.body)}\n${platform.process.output}`,
          );
        },
      );
      if (first === 'mongod') expect(await api(platform)).toBe(200);
      await pause(aloneMs);
      await servers[second].restart();
      await platform.green();
      await load.end();
      await untilWhole(cluster.address, exchange);
      expect(exchange.delivered.length).toBeGreaterThan(100);
      expect(platform.changes().length, platform.process.output).toBeLessThanOrEqual(2 * nodes);
      expect(await platform.process.stop('SIGTERM'), platform.process.output).toBe(0);
    },
  );
});
