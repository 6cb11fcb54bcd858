import { setMaxListeners } from 'node:events';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mongodb } from '../../connectors/mongodb/index.ts';
import { readBars } from '../../operators/support/bar-reader.ts';
import { readCalendar } from '../../operators/support/calendar-file.ts';
import { intervalOf } from '../../operators/support/interval.ts';
import { systemClock } from '../../src/kit/clock.ts';
import type { Message } from '../../src/kit/message.ts';
import type { Row } from '../../src/kit/row.ts';
import { roleContext, testEnvironment } from '../../src/testing/environment.ts';
import { changesOf, every, lanes, rowsOf, stored, trade } from '../support/contracts/candle-model.ts';
import { candleTable } from '../support/contracts/candle-tables.ts';
import { TestTable } from '../support/contracts/table-harness.ts';
import { optionsOf } from '../support/engine/options.ts';
import { type MongoWorld, mongoWorld } from '../support/mongo/world.ts';
import { onOwnServices } from '../support/services/cluster.ts';
import { type Service, startMongo } from '../support/services/services.ts';

const never = new AbortController().signal;
setMaxListeners(0, never);

const split = fc.array(fc.tuple(trade, fc.nat(1)), { minLength: 1, maxLength: 200, size: 'medium' });
/** Of each consumer: how long its batches are, and in which write it is cut off. */
const consumers = fc.array(fc.record({ length: fc.integer({ min: 1, max: 60 }), dies: fc.nat(5) }), {
  minLength: 1,
  maxLength: 2,
});
const whole = { length: 50, dies: Number.POSITIVE_INFINITY };

/** Writes the changes of a lane. In the write of which it dies, nobody knows whether the store has it. */
async function consume(world: MongoWorld, changes: readonly Message[], { length, dies }: typeof whole): Promise<void> {
  const environment = testEnvironment(systemClock);
  const options = optionsOf(mongodb, { ...world.target, ...candleTable });
  const connector = await mongodb.create(options, { ...environment, name: 'candles' });
  const sink = connector.sink?.({}, roleContext(environment, { input: 'merges' }));
  if (!sink) throw new Error('mongodb has no sink');
  await sink.connect(never);
  for (let at = 0, write = 0; at < changes.length && write <= dies; at += length, write++) {
    const stop = new AbortController();
    const writing = sink.write(changes.slice(at, at + length), stop.signal);
    if (write === dies) {
      setImmediate(() => stop.abort());
      await writing.catch(() => undefined);
    } else await writing;
  }
  await sink.close();
}

/** The bars of A as the operator `bars` reads them where only those of a minute have rows. */
async function folded(table: Pick<TestTable, 'find'>, interval: string): Promise<readonly Row[]> {
  const stored = [intervalOf('1m')];
  const source = { table, stored, calendar: readCalendar('XNYS'), maxRows: 200_000 };
  const bars = await readBars(source, { symbol: 'A', interval: intervalOf(interval), limit: 1000 }, never);
  return bars.map(({ start, open, high, low, close, volume, trades }) => ({
    start,
    open,
    high,
    low,
    close,
    volume,
    trades,
  }));
}

/** The same of the rows that those bars have themselves, the newest first. */
function plainBars(rows: readonly Row[], wanted: string): readonly Row[] {
  const own = rows.filter(({ symbol, interval }) => symbol === 'A' && interval === wanted);
  return own
    .map(({ start, open, high, low, close, volume, trades }) => ({ start, open, high, low, close, volume, trades }))
    .sort((a, b) => Number(b.start) - Number(a.start));
}

onOwnServices('candles', () => {
  describe.each([
    ['a standalone server', false],
    ['a replica set', true],
  ])('in mongodb on %s', (_what, replicaSet) => {
    let server: Service;
    beforeAll(async () => {
      server = await startMongo({ replicaSet });
    });
    afterAll(() => server.stop());

    it('are what brute force makes of the trades, written by several at once who are cut off anywhere, and fold into each other', async () => {
      await fc.assert(
        fc.asyncProperty(split, consumers, async (trades, plans) => {
          const world = await mongoWorld(server.address);
          const logs = lanes.map((_, lane) => trades.filter(([, of]) => of === lane).map(([each]) => each));
          const changes = await Promise.all(logs.map((log, lane) => changesOf(log, lanes[lane] ?? '')));
          await Promise.all([whole, ...plans].flatMap((plan) => changes.map((each) => consume(world, each, plan))));
          const table = await TestTable.open(world, candleTable, 'merges');
          const rows = rowsOf(logs);
          expect(await stored(table)).toEqual(rows);
          for (const interval of every) expect(await folded(table, interval)).toEqual(plainBars(rows, interval));
          await table.close();
          await world.dispose();
        }),
        { numRuns: 15 },
      );
    });
  });
});
