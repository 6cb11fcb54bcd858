import { expect, it } from 'vitest';
import { Cluster } from '../../support/cli/cluster.ts';
import { faultChance, pause } from '../../support/cli/faults.ts';
import { eventually, type Process } from '../../support/cli/platform.ts';
import { units, wrongBars } from '../../support/cli/recomputed-bars.ts';
import { get } from '../../support/cli/workspace.ts';
import { BarTape, rowsIn, tapeSymbols } from '../../support/kafka/bar-tape.ts';
import { KafkaView } from '../../support/kafka/view.ts';
import { onServices } from '../../support/services/cluster.ts';

const trades = 120_000;
const kills = 20;

/** A process that makes bars, as a member of one of two groups: each reads the whole log, and both fill the same tables. */
function startBars(cluster: Cluster, second: string, group: number): Promise<Process> {
  const args = group === 0 ? [] : ['--pipeline', second];
  return cluster.start([...args, '--topology', 'candles']).then(({ process }) => process);
}

/** What is wrong with the bars, when what the topic says is the truth. */
async function wrong({ address }: Cluster, view: KafkaView): Promise<readonly string[]> {
  const records = await view.records(address.topic);
  const log = records.map(({ partition, offset, value }) => ({ partition, offset, value: String(value) }));
  return wrongBars(await rowsIn(address, 'candles'), log).slice(0, 10);
}

interface Sums {
  readonly trades: number;
  readonly volume: bigint;
}

/** How many trades there are, and their volume in units of 1e-9: of bars as the API gives them. */
async function barsOf(api: string, symbol: string, interval: string): Promise<Sums> {
  const answer = await eventually('an answer', () =>
    get(`${api}/api/v1/candles/${symbol}?interval=${interval}&limit=1000`),
  );
  const { data: bars } = answer.body['data'] as { readonly data: readonly { trades: number; volume: string }[] };
  return sumsOf(bars.map(({ trades: count, volume }) => [count, volume]));
}

/** The same of the topic. */
async function tradesOf({ address }: Cluster, view: KafkaView, symbol: string): Promise<Sums> {
  const records = await view.records(address.topic);
  const own = records.filter(({ key }) => key === symbol).flatMap(({ value }) => JSON.parse(String(value)).data);
  return sumsOf(own.map(({ v }: { readonly v: number }) => [1, v]));
}

function sumsOf(parts: readonly (readonly [number, unknown])[]): Sums {
  const add = ({ trades: count, volume }: Sums, [more, amount]: readonly [number, unknown]): Sums => {
    return { trades: count + more, volume: volume + units(amount) };
  };
  return parts.reduce(add, { trades: 0, volume: 0n });
}

onServices('bars in MongoDB', (services) => {
  it(`are those of the log, made by two groups at once that are killed ${kills} times, and stay so when it is read again`, async () => {
    using cluster = new Cluster(services.kafka, services.mongo);
    const { address, barsGroup } = cluster;
    const groups = [barsGroup, `${barsGroup}-second`];
    const second = cluster.pipelineWith(['group: candles', 'group: candles-second']);
    const chance = faultChance('bars');
    await using view = await KafkaView.open(services.kafka);
    await using tape = await BarTape.open(address, chance);
    await tape.append(trades / 2);
    const running = [await startBars(cluster, second, 0), await startBars(cluster, second, 1)];
    try {
      for (let kill = 0; kill < kills; kill++) {
        await pause(500 + 2500 * chance.next());
        await tape.append(trades / 2 / kills);
        const victim = Math.floor(chance.next() * 2);
        expect(await running[victim]?.stop('SIGKILL'), running[victim]?.output).toBe('SIGKILL');
        running[victim] = await startBars(cluster, second, victim);
      }
      for (const group of groups) await view.untilReadThrough(group, address.topic, 240_000);
      for (const process of running) expect(await process.stop('SIGTERM'), process.output).toBe(0);

      const made = await rowsIn(address, 'candles');
      expect(made.length).toBeGreaterThan(tapeSymbols.length * 100);
      expect(await wrong(cluster, view)).toEqual([]);
      const gaps = await rowsIn(address, 'gaps');
      expect(gaps.length).toBeGreaterThan(0);

      await view.rewind(barsGroup, address.topic);
      const again = await startBars(cluster, second, 0);
      running.push(again);
      await view.untilReadThrough(barsGroup, address.topic, 240_000);
      expect(await again.stop('SIGTERM'), again.output).toBe(0);
      expect(await rowsIn(address, 'candles')).toEqual(made);
      expect(await rowsIn(address, 'gaps')).toEqual(gaps);
    } finally {
      for (const process of running) await process.stop('SIGKILL');
    }
  }, 900_000);

  it('have the volume of the trades of the topic in all lengths, to the last digit, over the API', async () => {
    using cluster = new Cluster(services.kafka, services.mongo);
    await using view = await KafkaView.open(services.kafka);
    await using tape = await BarTape.open(cluster.address, faultChance('bars over the API'));
    await tape.append(6000);
    const { process, workspace } = await cluster.start(['--topology', 'candles,api']);
    await using running = process;
    await view.untilReadThrough(cluster.barsGroup, cluster.address.topic);
    for (const symbol of tapeSymbols) {
      const sums = await tradesOf(cluster, view, symbol);
      for (const interval of ['1m', '5m', '1h', '1d'])
        expect([symbol, interval, await barsOf(workspace.api, symbol, interval)]).toEqual([symbol, interval, sums]);
    }
    expect(await running.stop('SIGTERM'), running.output).toBe(0);
  });
});
