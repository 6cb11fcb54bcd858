import { cpSync, rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Cluster } from '../support/cli/cluster.ts';
import { sized } from '../support/cli/faults.ts';
import { eventually, freePort, type Process } from '../support/cli/platform.ts';
import { get } from '../support/cli/workspace.ts';
import { Ledger } from '../support/kafka/ledger.ts';
import { miscounted, storedIn } from '../support/kafka/ledger-books.ts';
import { KafkaView } from '../support/kafka/view.ts';
import { onOwnServices, onServices } from '../support/services/cluster.ts';
import { startKafka } from '../support/services/services.ts';

const command = 'fdp counters forget --topology processor';

/** Waits until so many trades are stored, and then for each to be counted. */
async function untilStored({ address }: Cluster, trades: number, process: Process): Promise<void> {
  await eventually(`${trades} trades stored`, async () => (await storedIn(address)) === trades).catch(async (error) => {
    throw new Error(`${error.message}; ${await storedIn(address)} are\n${process.output}`);
  });
  await eventually('each counted', async () => (await miscounted(address)).length === 0).catch(async () => {
    expect(await miscounted(address)).toEqual([]);
  });
}

describe.concurrent('a topic beside its stores', () => {
  onServices('created again while they stay', (services) => {
    it.each(
      sized({
        full: [
          ['with fewer records than were read', 60, false],
          ['with more records than were read', 3000, false],
          ['and slept meanwhile, with more records than were read', 3000, true],
        ] as const,
        fast: [['and slept meanwhile, with more records than were read', 3000, true]] as const,
      }),
    )('is read from its beginning by a processor that runs, %s, and counted on', async (_, more, sleeps) => {
      using cluster = new Cluster(services.kafka, services.mongo);
      const { topic, brokers } = cluster.address;
      await using view = await KafkaView.open(brokers);
      const ledger = await Ledger.open(cluster.address, 6);
      await using processor = await cluster.processor();
      await ledger.offer(600);
      await untilStored(cluster, 600, processor);

      if (sleeps) processor.child.kill('SIGSTOP');
      await view.deleteTopic(topic);
      await view.makeTopic(topic, 6);
      await ledger.reopen();
      await ledger.offer(more);
      processor.child.kill('SIGCONT');
      await untilStored(cluster, 600 + more, processor);
      expect(processor.child.exitCode, processor.output).toBe(null);
      expect(processor.output).toContain(`topic ${topic} was deleted or created again`);
      expect(await processor.stop('SIGTERM'), processor.output).toBe(0);
      await ledger.close();
    });

    it('is read from its beginning by a processor that starts afterwards, and counted on', async () => {
      using cluster = new Cluster(services.kafka, services.mongo);
      const { topic, brokers } = cluster.address;
      await using view = await KafkaView.open(brokers);
      const ledger = await Ledger.open(cluster.address, 6);
      await ledger.offer(600);
      const first = await cluster.processor();
      await untilStored(cluster, 600, first);
      expect(await first.stop('SIGTERM'), first.output).toBe(0);

      await view.deleteTopic(topic);
      await view.makeTopic(topic, 6);
      await ledger.reopen();
      await ledger.offer(120);
      await using second = await cluster.processor();
      await untilStored(cluster, 720, second);
      expect(await cluster.command('counters', 'forget', '--topology', 'processor')).toEqual({
        code: 0,
        stdout: 'all marks match their logs: nothing to forget\n',
      });
      expect(await second.stop('SIGTERM'), second.output).toBe(0);
      await ledger.close();
    });
  });

  onOwnServices('restored from a backup older than they are', (services) => {
    it.for(
      sized({
        full: [
          ['but the log ends at', 0],
          ['but a different record is there now', 3000],
        ] as const,
        fast: [['but a different record is there now', 3000]] as const,
      }),
    )('holds its lanes, red, and says the command: %s; after it counting goes on', async ([why, more], test) => {
      const kafka = await startKafka();
      const { data } = kafka;
      if (data === undefined) return test.skip('no copy can be made of what lies in a container');
      using cluster = new Cluster(kafka.address, services.mongo);
      const ledger = await Ledger.open(cluster.address, 3);
      const backup = `${cluster.folder.path}/backup`;
      const stored = async (trades: number) => {
        const processor = await cluster.processor();
        await untilStored(cluster, trades, processor);
        expect(await processor.stop('SIGTERM'), processor.output).toBe(0);
      };
      const whileStopped = async (work: () => void) => {
        await kafka.terminate();
        work();
        await kafka.restart();
      };
      try {
        await ledger.offer(300);
        await stored(300);
        await whileStopped(() => cpSync(data, backup, { recursive: true }));
        await ledger.offer(600);
        await stored(900);
        await whileStopped(() => {
          rmSync(data, { recursive: true });
          cpSync(backup, data, { recursive: true });
        });
        await ledger.reopen();
        await ledger.offer(more);

        const port = String(await freePort());
        await using processor = await cluster.processor({ OBSERVE_PORT: port });
        await eventually('it says what to do', async () => processor.output.includes(command));
        expect(processor.output).toContain('symbols has counted up to offset');
        expect(processor.output).toContain(why);
        await eventually('it is red', async () => (await get(`http://127.0.0.1:${port}/health/ready`))?.status === 503);
        await ledger.offer(30);
        const forgotten = await cluster.command('counters', 'forget', '--topology', 'processor');
        expect(forgotten.code).toBe(0);
        expect(forgotten.stdout).toContain(why);
        await untilStored(cluster, 900 + more + 30, processor);
        await eventually(
          'it is green',
          async () => (await get(`http://127.0.0.1:${port}/health/ready`))?.status === 200,
        );
        expect(await processor.stop('SIGTERM'), processor.output).toBe(0);
      } finally {
        await ledger.close();
        await kafka.stop();
      }
    });
  });
});
