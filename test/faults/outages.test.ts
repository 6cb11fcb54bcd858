import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import type { Chance } from '../../src/kit/chance.ts';
import { Cluster } from '../support/cli/cluster.ts';
import { faultChance, pause, sized } from '../support/cli/faults.ts';
import { eventually } from '../support/cli/platform.ts';
import { Watched } from '../support/cli/watched.ts';
import { type Answer, get } from '../support/cli/workspace.ts';
import { auditOf, brokerProperties, ExchangeLoad, untilWhole } from '../support/kafka/exchange-load.ts';
import { onOwnServices } from '../support/services/cluster.ts';
import { type Service, startKafka, startMongo } from '../support/services/services.ts';
import { NumberedExchange } from '../support/sockets/numbered-exchange.ts';

type Server = 'kafka' | 'mongod';
type Way = 'terminate' | 'kill' | 'pause';

const symbols = ['AAPL', 'GOOGL', 'TSLA', 'MSFT', 'NVDA', 'AMD'];
/** Who does not go on without which server; the others stay green. */
const needed: Readonly<Record<Server, readonly string[]>> = {
  kafka: ['ingestor', 'processor', 'analytics'],
  mongod: ['processor', 'api'],
};
const awayMs = sized({ full: 30_000, fast: 1000 });

/** One topology a process, under load, on servers of their own. */
class Platform {
  readonly parts = new Map<string, Watched>();
  readonly servers: Readonly<Record<Server, Service>>;
  readonly cluster: Cluster;
  readonly exchange: NumberedExchange;
  #load: ExchangeLoad | undefined;

  private constructor(servers: Readonly<Record<Server, Service>>, exchange: NumberedExchange) {
    this.servers = servers;
    this.exchange = exchange;
    this.cluster = new Cluster(servers.kafka.address, servers.mongod.address);
  }

  static async start(): Promise<Platform> {
    const [kafka, mongod] = await Promise.all([startKafka({ properties: brokerProperties }), startMongo()]);
    const platform = new Platform({ kafka, mongod }, await NumberedExchange.open(symbols));
    const { exchange, cluster } = platform;
    const feed = { FDP_FEED: 'finnhub', FINNHUB_URL: exchange.url, FINNHUB_TOKEN: 'key' };
    for (const name of ['ingestor', 'processor', 'analytics', 'api'])
      platform.parts.set(name, await Watched.start(cluster, name, feed));
    await Promise.all(platform.all.map((part) => part.green()));
    await exchange.subscribed();
    return platform;
  }

  get all(): readonly Watched[] {
    return [...this.parts.values()];
  }

  named(names: readonly string[]): readonly Watched[] {
    return this.all.filter(({ topologies }) => names.includes(topologies));
  }

  without(names: readonly string[]): readonly Watched[] {
    return this.all.filter(({ topologies }) => !names.includes(topologies));
  }

  /** Asks the API, which answers within its time. */
  ask(): Promise<Answer | undefined> {
    return get(`${this.parts.get('api')?.workspace.api}/api/v1/symbols`);
  }

  /** Does it harm, and waits until all who need it have noticed. */
  async hurt(server: Server, way: Way): Promise<void> {
    await this.servers[server][way]();
    await Promise.all(this.named(needed[server]).map((part) => part.red()));
  }

  async heal(server: Server, way: Way): Promise<void> {
    await (way === 'pause' ? this.servers[server].resume() : this.servers[server].restart());
  }

  /** Waits until all is as if nothing had happened, and fails with every trade that is lost, doubled or miscounted. */
  async well(): Promise<void> {
    await this.#load?.end();
    await untilWhole(this.cluster.address, this.exchange).catch(async () => {
      const logs = this.named(['processor', 'ingestor']).map(({ process }) => process.output.slice(-5000));
      expect(await auditOf(this.cluster.address, this.exchange), logs.join('\n---\n')).toEqual([]);
    });
    // Those who store nothing may notice later that the server is back.
    await Promise.all(this.all.map((part) => part.green()));
  }

  load(): void {
    this.#load = new ExchangeLoad(this.exchange, 100);
  }

  async close(): Promise<void> {
    await this.#load?.end();
    await Promise.all(this.all.map(({ process }) => process.stop('SIGKILL')));
    await this.exchange[Symbol.asyncDispose]();
    await Promise.all(Object.values(this.servers).map((server) => server.stop()));
    this.cluster[Symbol.dispose]();
  }
}

function shuffled<T>(chance: Chance, things: readonly T[]): readonly T[] {
  const drawn = things.map((thing) => ({ thing, rank: chance.next() }));
  return drawn.sort((a, b) => a.rank - b.rank).map(({ thing }) => thing);
}

onOwnServices('outages under load', () => {
  vi.setConfig({ testTimeout: sized({ full: 600_000, fast: 120_000 }) });
  const chance = faultChance('outages under load');
  let platform: Platform;
  /** Lines of each process when the fault began. */
  let before: readonly number[];
  beforeAll(async () => {
    platform = await Platform.start();
  });
  beforeEach(() => {
    before = platform.all.map(({ lines }) => lines.length);
    platform.load();
  });
  afterAll(() => platform?.close());

  const ways = sized<readonly Way[]>({ full: ['terminate', 'kill', 'pause'], fast: ['kill', 'pause'] });
  const single = (['kafka', 'mongod'] as const).flatMap((server) => ways.map((way) => ({ server, way })));
  it.each(shuffled(chance, single))(
    '$server ($way): the others go on, and nothing is lost or doubled',
    async (fault) => {
      const { server, way } = fault;
      await platform.hurt(server, way);
      for (const part of platform.without(needed[server])) expect((await part.health())?.status).toBe(200);
      expect((await platform.ask())?.status).toBe(server === 'mongod' ? 503 : 200);
      await pause(awayMs);
      await platform.heal(server, way);
      await platform.well();
      // One line when it goes and one when it is back; a lane that moved on and a route that failed once more.
      for (const [index, part] of platform.all.entries()) {
        const isNeeded = needed[server].includes(part.topologies);
        const changes = () => part.changes(before[index]);
        const says = (state: string) =>
          eventually(`${part.topologies} ${state}`, async () => changes().some((line) => line.endsWith(` ${state}`)));
        if (isNeeded) await Promise.all([says('retrying'), says('ok')]);
        else expect(changes(), part.process.output).toEqual([]);
        // A broker that slept longer than its session leads nothing for a moment once it is awake.
        const most = new Set(changes()).size * (server === 'kafka' && way === 'pause' ? 2 : 1);
        expect(changes().length, part.process.output).toBeLessThanOrEqual(most);
        expect(part.lines.length - (before[index] ?? 0), part.process.output).toBeLessThan(10);
      }
    },
  );

  const orders: readonly Server[][] = [
    ['kafka', 'mongod'],
    ['mongod', 'kafka'],
  ];
  const both = orders.flatMap((down) => orders.map((up) => ({ down, up })));
  const chosen = shuffled(chance, both).slice(0, sized({ full: both.length, fast: 1 }));
  it.each(chosen)(
    'both, down $down.0 first and up $up.0 first: nobody exits, and nothing is lost or doubled',
    async ({ down, up }) => {
      for (const server of down) await platform.hurt(server, 'kill');
      expect(await platform.ask()).toMatchObject({ status: 503, body: { data: null } });
      await pause(awayMs);
      for (const server of up) {
        await platform.heal(server, 'kill');
        await pause(awayMs / 2);
      }
      await platform.well();
    },
  );

  it('leave processes that stop cleanly', async () => {
    await platform.well();
    expect(platform.exchange.delivered.length).toBeGreaterThan(1000);
    for (const { process } of platform.all) expect(await process.stop('SIGTERM'), process.output).toBe(0);
  });
});
