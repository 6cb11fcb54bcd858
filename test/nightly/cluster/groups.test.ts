import { expect, it } from 'vitest';
import { Cluster } from '../../support/cli/cluster.ts';
import { pause } from '../../support/cli/faults.ts';
import { eventually, type Process } from '../../support/cli/platform.ts';
import { Ledger } from '../../support/kafka/ledger.ts';
import { KafkaView } from '../../support/kafka/view.ts';
import { onServices } from '../../support/services/cluster.ts';

/** Longer than a session of the consumer group, ms. */
const stallMs = 13_000;

/** A topology beside the processor that copies the log, so that the order in which messages were taken can be read. */
const copier = (topic: string, group: string) =>
  [
    'topologies:\n',
    `  copy: { type: kafka, brokers: "\${KAFKA_BROKERS}", topic: ${topic}, partitions: 6 }\n\ntopologies:\n` +
      `  copier: { source: { connector: ticks, group: ${group}, from: earliest }, operators: [filter: 'true'], sink: copy }\n`,
  ] as const;

/** How often a process was given partitions. */
function assignments(process: Process): number {
  return process.output.split('assigned partitions').length - 1;
}

/** Of each key, the numbers in the order of their first appearance; those that came again are left out. */
function firstAppearances(records: Awaited<ReturnType<KafkaView['records']>>): ReadonlyMap<string, readonly number[]> {
  const found = new Map<string, Set<number>>();
  for (const { key, value } of records) {
    const numbers = found.get(key ?? '') ?? new Set<number>();
    found.set(key ?? '', numbers);
    for (const { v } of JSON.parse(String(value)).data) numbers.add(v);
  }
  return new Map([...found].map(([key, numbers]) => [key, [...numbers]]));
}

onServices('three processors that share the load', (services) => {
  it('join one by one, one sleeps past its session and wakes, and they leave one by one: order is kept, nothing is lost or twice', async () => {
    const copy = 'copied-ticks';
    using cluster = new Cluster(services.kafka, services.mongo);
    const { topic, brokers } = cluster.address;
    const pipeline = ['--pipeline', cluster.pipelineWith(copier(`${topic}-${copy}`, `${topic}-${copy}`))];
    const start = async () => (await cluster.start(['--topology', 'processor,copier', ...pipeline])).process;
    await using view = await KafkaView.open(brokers);
    const ledger = await Ledger.open(cluster.address, 6);
    const stop = new AbortController();
    const offering = ledger.offerUntil(stop.signal, 500);
    const running: Process[] = [];
    try {
      for (let member = 0; member < 3; member++) {
        const joined = await start();
        running.push(joined);
        // Of both groups that it works.
        await eventually('it has partitions', async () => assignments(joined) >= 2);
      }
      const [first, sleeper, third] = running as [Process, Process, Process];
      expect(await view.members(cluster.group)).toBe(3);
      sleeper.child.kill('SIGSTOP');
      await eventually('the others have its partitions', async () => (await view.members(cluster.group)) === 2);
      await pause(stallMs - 10_000);
      const before = assignments(sleeper);
      sleeper.child.kill('SIGCONT');
      await eventually('it has partitions again', async () => assignments(sleeper) >= before + 2);
      for (const leaving of [third, first]) {
        expect(await leaving.stop('SIGTERM'), leaving.output).toBe(0);
        await pause(500);
      }
      stop.abort();
      await offering;
      await cluster.settled(ledger);
      await view.untilReadThrough(`${topic}-${copy}`, topic);
      expect(ledger.unknown.size).toBe(0);
      expect(ledger.acknowledged.size).toBeGreaterThan(5000);

      const copied = firstAppearances(await view.records(`${topic}-${copy}`));
      const expected = firstAppearances(await view.records(topic));
      expect(new Set(copied.keys())).toEqual(new Set(expected.keys()));
      for (const [key, numbers] of expected) expect([key, copied.get(key)]).toEqual([key, numbers]);
      expect(await sleeper.stop('SIGTERM'), sleeper.output).toBe(0);
    } finally {
      stop.abort();
      for (const process of running) await process.stop('SIGKILL');
      await ledger.close();
    }
  }, 240_000);
});
