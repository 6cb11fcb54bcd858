import { type Db, MongoClient } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { Cluster, type Edit } from '../../support/cli/cluster.ts';
import { envelope } from '../../support/cli/log-writer.ts';
import { differences, everyDocument, miscounted, readBooks, storedIn } from '../../support/kafka/ledger-books.ts';
import { KafkaView } from '../../support/kafka/view.ts';
import { onServices } from '../../support/services/cluster.ts';

const at = 1763645598585;
/** A pipeline that rejects high prices, until it is fixed. */
const wrong: Edit = ['price < 1e15', 'price < 100.0'];
/** With that spec two of them and one whole record go to the dead letter, and one record does for ever. */
const records = [
  envelope({ p: 1 }, { p: 200, t: at + 5 }, { p: 3 }),
  envelope({ p: 300 }, { p: 400 }),
  'no JSON',
  envelope({ p: 5, s: 'TSLA' }),
];
const trades = 6;

async function inDatabase<T>({ url, database }: Cluster['address'], work: (db: Db) => Promise<T>): Promise<T> {
  const mongo = await new MongoClient(url).connect();
  try {
    return await work(mongo.db(database));
  } finally {
    await mongo.close();
  }
}

/** Runs a processor until it has read all there is. */
async function workOff(cluster: Cluster, view: KafkaView, edits: readonly Edit[] = []): Promise<void> {
  const pipeline = ['--pipeline', cluster.pipelineWith(...edits)];
  const { process } = await cluster.start(['--topology', 'processor', ...pipeline]);
  try {
    await view.untilReadThrough(cluster.group, cluster.address.topic);
    expect(await process.stop('SIGTERM'), process.output).toBe(0);
  } finally {
    await process.stop('SIGKILL');
  }
}

/** Both stores gone, and the group at the beginning: everything is to be made again from the log. */
async function wipe(cluster: Cluster, view: KafkaView): Promise<void> {
  await inDatabase(cluster.address, (db) => db.dropDatabase());
  await view.rewind(cluster.group, cluster.address.topic);
}

async function expectWhole(cluster: Cluster): Promise<void> {
  expect(differences(await readBooks(cluster.address))).toEqual([]);
  expect(await storedIn(cluster.address)).toBe(trades);
}

describe.concurrent('replayed dead letters', () => {
  onServices('on Kafka and MongoDB', (services) => {
    const open = async () => {
      const cluster = new Cluster(services.kafka, services.mongo);
      const view = await KafkaView.open(cluster.address.brokers);
      await view.makeTopic(cluster.address.topic, 6);
      await view.append(
        cluster.address.topic,
        records.map((value) => ({ key: 'AAPL', partition: 1, value })),
      );
      return { cluster, view };
    };
    const replay = (cluster: Cluster, ...args: string[]) => cluster.command('dead-letters', 'replay', ...args);

    it('are stored and counted once each, with the rest of their records, after a fix; twice changes nothing', async () => {
      const { cluster, view: opened } = await open();
      using _ = cluster;
      await using view = opened;
      await workOff(cluster, view, [wrong]);
      expect(await storedIn(cluster.address)).toBe(3);
      const { stdout: list } = await cluster.command('dead-letters', 'list');
      expect(list.match(/FDP_MESSAGE_INVALID/g)).toHaveLength(3);
      expect(list.match(/FDP_MESSAGE_UNREADABLE/g)).toHaveLength(1);

      const newest = new RegExp(`^(\\S+) .*${cluster.address.topic}-1-1--1`, 'm').exec(list)?.[1] ?? '';
      expect(await replay(cluster, newest)).toEqual({ code: 0, stdout: 'processor: 1 of 1 delivered\n' });
      expect(await replay(cluster)).toEqual({ code: 1, stdout: 'processor: 2 of 3 delivered\n' });
      await expectWhole(cluster);
      const before = await everyDocument(cluster.address);
      expect(await replay(cluster)).toEqual({ code: 1, stdout: 'processor: 0 of 1 delivered\n' });
      expect(await replay(cluster, '--again')).toEqual({ code: 1, stdout: 'processor: 3 of 4 delivered\n' });
      expect(await everyDocument(cluster.address)).toEqual(before);
      const letters = (await view.records(cluster.rejected)).filter(
        ({ value }) => !String(value).startsWith('{"note"'),
      );
      expect(letters).toHaveLength(4);
    });

    it.each([
      ['before the log is read again', true],
      ['after the log is read again', false],
    ])('are counted once where the stores were wiped and the group set back: replayed %s', async (_, isFirst) => {
      const { cluster, view: opened } = await open();
      using __ = cluster;
      await using view = opened;
      await workOff(cluster, view, [wrong]);
      await replay(cluster);
      // Now with the fixed pipeline, and once more with the wrong one: the same records have two letters each.
      for (const edits of [[], [wrong]]) {
        await wipe(cluster, view);
        if (isFirst) await replay(cluster, '--again');
        await workOff(cluster, view, edits);
        if (!isFirst) await replay(cluster, '--again');
        await expectWhole(cluster);
      }
      const before = await everyDocument(cluster.address);
      await replay(cluster, '--again');
      expect(await everyDocument(cluster.address)).toEqual(before);
    });

    it('that the counters refused are counted once, replayed once and twice', async () => {
      const { cluster, view: opened } = await open();
      using _ = cluster;
      await using view = opened;
      const refuse = (validator: object) =>
        inDatabase(cluster.address, (db) => db.command({ collMod: 'symbols', validator }));
      await inDatabase(cluster.address, (db) => db.createCollection('symbols'));
      await refuse({ symbol: { $ne: 'TSLA' } });
      await workOff(cluster, view);
      expect(await miscounted(cluster.address)).toHaveLength(2);
      await refuse({});
      for (const flags of [[], ['--again']]) {
        const { code, stdout } = await replay(cluster, ...flags);
        expect([flags, code, stdout]).toEqual([flags, 1, expect.stringContaining('sink symbols: 1 of 1 delivered')]);
        expect([flags, await miscounted(cluster.address)]).toEqual([flags, []]);
      }
    });
  });
});
