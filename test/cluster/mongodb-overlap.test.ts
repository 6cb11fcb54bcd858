import { setMaxListeners } from 'node:events';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mongodb } from '../../connectors/mongodb/index.ts';
import { systemClock } from '../../src/kit/clock.ts';
import type { Sink } from '../../src/kit/sink.ts';
import { roleContext, testEnvironment } from '../../src/testing/environment.ts';
import { sized } from '../support/cli/faults.ts';
import { type Count, countMessage, symbolTable } from '../support/contracts/table-harness.ts';
import { optionsOf } from '../support/engine/options.ts';
import { type MongoWorld, mongoWorld } from '../support/mongo/world.ts';
import { onOwnServices } from '../support/services/cluster.ts';
import { type Service, startMongo } from '../support/services/services.ts';

const never = new AbortController().signal;
setMaxListeners(0, never);

const messages = fc.array(
  fc.record({ symbol: fc.constantFrom('A', 'B', 'C'), lane: fc.constantFrom('i/t/0', 'i/t/1') }),
  {
    minLength: 1,
    maxLength: 40,
  },
);
/** What each consumer does with the lanes: how much of the end it leaves, how long its batches are, and where it dies. */
const consumers = fc.array(
  fc.record({
    leaves: fc.nat(20),
    length: fc.integer({ min: 1, max: 9 }),
    dies: fc.option(fc.nat(6), { nil: undefined }),
  }),
  { minLength: 2, maxLength: 4 },
);

async function openSink(world: MongoWorld): Promise<Sink> {
  const environment = testEnvironment(systemClock);
  const options = optionsOf(mongodb, { ...world.target, ...symbolTable });
  const connector = await mongodb.create(options, { ...environment, name: 'symbols' });
  const sink = connector.sink?.({}, roleContext(environment, { input: 'merges' })) as Sink;
  await sink.connect(never);
  return sink;
}

/** A consumer of its own. `dies` is the write that it is cut off in, its outcome unknown. */
async function consume(
  world: MongoWorld,
  counts: readonly Count[],
  plan: { length: number; dies: number | undefined },
) {
  const sink = await openSink(world);
  for (let at = 0, write = 0; at < counts.length; at += plan.length, write++) {
    const batch = counts.slice(at, at + plan.length).map(countMessage);
    if (write === plan.dies) {
      const stopped = new AbortController();
      const writing = sink.write(batch, stopped.signal).catch(() => undefined);
      setImmediate(() => stopped.abort());
      await writing;
      break;
    }
    await sink.write(batch, never);
  }
  await sink.close();
}

onOwnServices('mongodb', () => {
  describe.each([
    ['on a standalone server', false],
    ['on a replica set', true],
  ])('counters %s', (_what, replicaSet) => {
    let server: Service;
    beforeAll(async () => {
      server = await startMongo({ replicaSet });
    });
    afterAll(() => server.stop());

    it('are exact with old consumers still writing, cut off anywhere', async () => {
      await fc.assert(
        fc.asyncProperty(messages, consumers, async (given, plans) => {
          const world = await mongoWorld(server.address);
          const lanes = ['i/t/0', 'i/t/1'].map((lane) =>
            given.filter((count) => count.lane === lane).map((count, offset) => ({ ...count, offset })),
          );
          const whole = { leaves: 0, length: 5, dies: undefined };
          await Promise.all(
            [whole, ...plans].flatMap((plan) =>
              lanes.map((counts) =>
                consume(world, plan === whole ? counts : counts.slice(0, counts.length - plan.leaves), plan),
              ),
            ),
          );
          const found = await world.db.collection('rows').find().toArray();
          const counted = found.map(({ symbol, tradeCount }) => [symbol, tradeCount]).sort();
          const expected = ['A', 'B', 'C'].map((symbol) => [
            symbol,
            given.filter((one) => one.symbol === symbol).length,
          ]);
          expect(counted).toEqual(expected.filter(([, count]) => count !== 0));
          await world.dispose();
        }),
        { numRuns: sized({ full: 25, fast: 10 }) },
      );
    });

    it.each([
      ['a row', ['A']],
      ['rows', ['A', 'B', 'C']],
    ])(
      'are exact where a consumer counts on from what it remembers of %s, and another has counted meanwhile',
      async (_what, symbols) => {
        const world = await mongoWorld(server.address);
        const counts = Array.from({ length: 15 }, (_, offset) => ({
          symbol: symbols[offset % symbols.length] as string,
          lane: 'i/t/0',
          offset,
        }));
        const [first, late] = [await openSink(world), await openSink(world)];
        const write = (sink: Sink, from: number, to: number) =>
          sink.write(counts.slice(from, to).map(countMessage), never);
        await write(first, 0, 5);
        await write(late, 0, 5);
        await write(first, 5, 10);
        await write(late, 5, 15);
        const found = await world.db.collection('rows').find().sort({ symbol: 1 }).toArray();
        expect(found).toMatchObject(symbols.map((symbol) => ({ symbol, tradeCount: 15 / symbols.length })));
        for (const sink of [first, late]) await sink.close();
        await world.dispose();
      },
    );

    it('are made once when many make the same document at once', async () => {
      const world = await mongoWorld(server.address);
      const sinks = await Promise.all(Array.from({ length: 12 }, () => openSink(world)));
      const symbols = ['A', 'B', 'C', 'D', 'E'];
      for (const symbol of symbols)
        for (const offset of [0, 1]) {
          const messages = sinks.map((_, lane) => countMessage({ symbol, offset, lane: `${lane}` }));
          await Promise.all(sinks.map((sink, lane) => sink.write(messages.slice(lane, lane + 1), never)));
        }
      const rows = await world.db.collection('rows').find().sort({ symbol: 1 }).toArray();
      expect(rows).toMatchObject(symbols.map((symbol) => ({ symbol, tradeCount: 24 })));
      await Promise.all(sinks.map((sink) => sink.close()));
      await world.dispose();
    });
  });
});
