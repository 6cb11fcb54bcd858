import { describe, expect, it } from 'vitest';
import { Cluster, type Variables } from '../support/cli/cluster.ts';
import { faultChance, isFull, pause, sized } from '../support/cli/faults.ts';
import { eventually, type Process } from '../support/cli/platform.ts';
import { Ledger } from '../support/kafka/ledger.ts';
import { differences, everyDocument, miscounted, readBooks, storedIn } from '../support/kafka/ledger-books.ts';
import { KafkaView } from '../support/kafka/view.ts';
import { onOwnServices, onServices } from '../support/services/cluster.ts';
import { startKafka, startMongo } from '../support/services/services.ts';

/** Between two durable steps of a processor. */
const ofProcessor = [
  'table-before-insert',
  'table-after-insert',
  'table-before-merge',
  'table-after-merge',
  'position-before-commit',
  'position-after-commit',
];
/** Between two durable steps of an ingestor whose log answers. */
const ofIngestor = ['log-before-append', 'log-after-append'];
/** Between two durable steps of an ingestor whose log is away, or has just come back. */
const ofBuffer = ['buffer-before-append', 'buffer-after-append', 'buffer-before-remove'];

/** How often a point is passed before the process dies there; the full part tries more of them. */
const passes = sized({ full: ['', ':3', ':11'], fast: [':3'] });

async function dieAt(start: (more: Variables) => Promise<Process>, point: string): Promise<void> {
  await using process = await start({ FDP_FAIL_POINT: point });
  expect([point, await process.ended], process.output).toEqual([point, 'SIGKILL']);
}

/** The log whole, twice read: every document is as it was. */
async function readAgain(cluster: Cluster, view: KafkaView): Promise<void> {
  const before = await everyDocument(cluster.address);
  await view.rewind(cluster.group, cluster.address.topic);
  await using processor = await cluster.processor();
  await view.untilReadThrough(cluster.group, cluster.address.topic);
  expect(await processor.stop('SIGTERM'), processor.output).toBe(0);
  expect(await everyDocument(cluster.address)).toEqual(before);
}

async function processorDies(brokers: string, url: string, point: string): Promise<void> {
  using cluster = new Cluster(brokers, url);
  await using view = await KafkaView.open(brokers);
  const ledger = await Ledger.open(cluster.address, 6);
  try {
    for (const times of passes) {
      await ledger.offer(2000);
      // However late the point is passed for the last time, there is something to be done until then.
      const stop = new AbortController();
      const offering = ledger.offerUntil(stop.signal, 200);
      try {
        await dieAt((more) => cluster.processor(more), point + times);
      } finally {
        stop.abort();
        await offering;
      }
    }
    await ledger.offer(300);
    await using processor = await cluster.processor();
    await cluster.settled(ledger);
    expect(await processor.stop('SIGTERM'), processor.output).toBe(0);
    if (isFull) await readAgain(cluster, view);
  } finally {
    await ledger.close();
  }
}

/** An ingestor on a busy mock market. */
const busy = ['rate: 50/s', 'rate: 1000/s'] as const;

/** Works the log off, and finds every trade of it stored and counted once. */
async function expectWorkedOff(cluster: Cluster, view: KafkaView): Promise<void> {
  await using processor = await cluster.processor();
  await eventually('something stored', async () => (await storedIn(cluster.address)) > 0);
  await view.untilReadThrough(cluster.group, cluster.address.topic);
  expect(await processor.stop('SIGTERM'), processor.output).toBe(0);
  const books = await readBooks(cluster.address);
  expect(books.log.size).toBeGreaterThan(0);
  expect(differences(books)).toEqual([]);
  expect(await miscounted(cluster.address)).toEqual([]);
}

/** Records that lie in the log more than once: the mock market makes none twice. */
async function repeated({ address }: Cluster, view: KafkaView): Promise<number> {
  const values = (await view.records(address.topic)).map(({ value }) => String(value));
  return values.length - new Set(values).size;
}

// Side by side, since each leaves the machine to the others while its group waits for a member that is dead.
describe.concurrent('between two durable steps', () => {
  onServices('a processor that dies', (services) => {
    it.each(ofProcessor)(
      'loses nothing and counts nothing twice at %s',
      async (point) => {
        // But not all at one moment.
        await pause(ofProcessor.indexOf(point) * 300);
        await processorDies(services.kafka, services.mongo, point);
      },
      240_000,
    );
  });

  if (isFull)
    onOwnServices('a processor that dies, on a replica set,', (services) => {
      it('loses nothing and counts nothing twice at any of them', async () => {
        const mongo = await startMongo({ replicaSet: true });
        try {
          await Promise.all(ofProcessor.map((point) => processorDies(services.kafka, mongo.address, point)));
        } finally {
          await mongo.stop();
        }
      }, 480_000);
    });

  onOwnServices('an ingestor that dies', (services) => {
    it.each(ofIngestor)('leaves a log that can be worked off, with whole records, at %s', async (point) => {
      using cluster = new Cluster(services.kafka, services.mongo, busy);
      await using view = await KafkaView.open(services.kafka);
      await view.makeTopic(cluster.address.topic, 6);
      const ingestor = async (more: Variables) => (await cluster.start(['--topology', 'ingestor'], more)).process;
      for (const times of [':2', ':9']) await dieAt(ingestor, point + times);
      await expectWorkedOff(cluster, view);
    });

    it('brings what it had kept on the disk while Kafka slept, once it is there again, whatever point it died at', async () => {
      const kafka = await startKafka();
      using cluster = new Cluster(kafka.address, services.mongo, busy);
      const ingestor = async (more: Variables) => (await cluster.start(['--topology', 'ingestor'], more)).process;
      const chance = faultChance('buffer');
      try {
        const view = await KafkaView.open(kafka.address);
        await view.makeTopic(cluster.address.topic, 6);
        await view[Symbol.asyncDispose]();
        const [before, after, remove] = ofBuffer as [string, string, string];
        await kafka.pause();
        for (const point of [before, after]) await dieAt(ingestor, `${point}:${1 + Math.floor(4 * chance.next())}`);
        await kafka.resume();
        await dieAt(ingestor, remove);
        await using last = await ingestor({});
        await eventually('the buffer is empty', async () => last.output.includes('are waiting in the disk buffer'));
        await pause(2000);
        expect(await last.stop('SIGTERM'), last.output).toBe(0);
        await using again = await KafkaView.open(kafka.address);
        await expectWorkedOff(cluster, again);
        // What was brought, and not yet removed when it died, was brought again: no more than one step of it.
        expect(await repeated(cluster, again)).toBeLessThanOrEqual(500);
      } finally {
        await kafka.stop();
      }
    }, 120_000);
  });
});
