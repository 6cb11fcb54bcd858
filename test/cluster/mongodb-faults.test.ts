import { MongoClient } from 'mongodb';
import { expect, it } from 'vitest';
import { systemClock } from '../../src/kit/clock.ts';
import { rowMessage, symbolTable } from '../support/contracts/table-harness.ts';
import { roles, rowTable, world } from '../support/mongo/roles.ts';
import { MongoWriter } from '../support/mongo/writer.ts';
import { onOwnServices } from '../support/services/cluster.ts';
import { Way } from '../support/sockets/way.ts';

const never = new AbortController().signal;
const counterTable = { database: 'fdp', collection: 'counters', ...symbolTable };
/** For what takes as long as it takes. */
const patiently = { timeout: 30_000 };
const everything = { where: {}, sort: [], limit: 100_000 };

/** What is stored, read by a plain client. */
async function stored(url: string): Promise<{ readonly keys: Set<string>; readonly count: number }> {
  const client = await new MongoClient(url).connect();
  const documents = await client.db('fdp').collection('rows').find().toArray();
  await client.close();
  return { keys: new Set(documents.map((document) => String(document['message_key']))), count: documents.length };
}

// `expect.poll` has to be of its test: the one of the module knows none while others run beside it.
onOwnServices.concurrent('mongodb', () => {
  it.for([
    ['standalone server', false],
    ['replica set', true],
  ] as const)(
    'a %s that is killed under writes loses nothing that was confirmed, and counts nothing twice',
    async ([, replicaSet], test) => {
      const { kept, server } = world(test);
      const { address: url, kill, restart } = await server({ replicaSet });
      const rows = kept(await MongoWriter.open({ url, ...rowTable }));
      const counters = kept(await MongoWriter.open({ url, ...counterTable }, 'merges'));
      const running = [rows.run(), counters.run()];
      for (const round of [1, 2, 3]) {
        await test.expect
          .poll(() => Math.min(rows.confirmed.length, counters.confirmed.length), patiently)
          .toBeGreaterThan(round * 400);
        await kill();
        await restart();
      }
      for (const writer of [rows, counters]) writer.stop();
      const [, counted = 0] = await Promise.all(running);
      const { keys, count } = await stored(url);
      expect(rows.confirmed.filter((n) => !keys.has(`id/t/0 ${n}`))).toEqual([]);
      expect(count).toBe(keys.size);
      expect(rows.failures.length).toBeGreaterThan(0);
      const client = kept(await new MongoClient(url).connect());
      const found = await client.db('fdp').collection('counters').find().sort({ symbol: 1 }).toArray();
      expect(found.reduce((sum, { tradeCount }) => sum + tradeCount, 0)).toBe(counted);
    },
  );

  it('a standalone server that is killed just after a write has it', async (test) => {
    const { kept, server } = world(test);
    const { address: url, kill, restart } = await server();
    const { sink } = await roles({ url });
    kept(sink);
    await sink.connect(never);
    for (let round = 0; round < 5; round++) {
      await sink.write([rowMessage({ message_key: `k${round}` })], never);
      await kill();
      await restart();
      expect((await stored(url)).keys).toContain(`k${round}`);
      await test.expect
        .poll(
          () =>
            sink.write([rowMessage({ message_key: 'again' })], never).then(
              () => true,
              () => false,
            ),
          patiently,
        )
        .toBe(true);
    }
  });

  it('an unavailable server is reported at once, and found again', async (test) => {
    const { kept, server } = world(test);
    const { address: url, kill, restart } = await server();
    const { sink, lookup } = await roles({ url });
    kept(sink);
    kept(lookup);
    await Promise.all([sink.connect(never), lookup.connect(never)]);
    await sink.write([rowMessage({ message_key: 'a' })], never);
    await kill();
    await expect(lookup.find(everything, never)).rejects.toMatchObject({ code: 'FDP_UNAVAILABLE' });
    await expect(sink.write([rowMessage({ message_key: 'b' })], never)).rejects.toMatchObject({ fault: 'transient' });
    const fresh = await roles({ url });
    await expect(fresh.sink.connect(never)).rejects.toMatchObject({ code: 'FDP_CONNECT_FAILED', fault: 'transient' });
    await expect(fresh.lookup.connect(never)).rejects.toMatchObject({ fault: 'transient' });
    await restart();
    await test.expect.poll(() => lookup.find(everything, never).catch(() => []), patiently).toHaveLength(1);
    await fresh.sink.connect(never);
    await fresh.lookup.connect(never);
    await fresh.sink.write([rowMessage({ message_key: 'b' })], never);
    expect(await lookup.find(everything, never)).toHaveLength(2);
    await Promise.all([fresh.sink.close(), fresh.lookup.close()]);
  });

  it('repeats a query once when the connection is lost meanwhile, and then fails', async (test) => {
    const { kept, server } = world(test);
    const { address: url } = await server();
    let disconnects = 0;
    await using way = await Way.to(Number(new URL(url).port), (client, mongod) => (bytes) => {
      if (disconnects === 0 || !bytes.includes('\x02find\0')) mongod.write(bytes);
      else {
        disconnects--;
        client.destroy();
      }
    });
    const { lookup } = await roles({ url: `mongodb://127.0.0.1:${way.port}/?directConnection=true` });
    kept(lookup);
    await lookup.connect(never);
    disconnects = 1;
    expect(await lookup.find(everything, never)).toEqual([]);
    expect(disconnects).toBe(0);
    disconnects = 2;
    await expect(lookup.find(everything, never)).rejects.toMatchObject({ code: 'FDP_UNAVAILABLE' });
    expect(disconnects).toBe(0);
  });

  it('a frozen server is given up on, and nothing is lost or doubled when it wakes', async (test) => {
    const { kept, server } = world(test);
    const { address: url, pause, resume } = await server();
    const { lookup } = await roles({ url });
    kept(lookup);
    const writer = kept(await MongoWriter.open({ url, ...rowTable }));
    const running = writer.run();
    await lookup.connect(never);
    await test.expect.poll(() => writer.confirmed.length, patiently).toBeGreaterThan(100);
    await pause();
    await expect(lookup.find(everything, AbortSignal.timeout(4900))).rejects.toMatchObject({ code: 'FDP_UNAVAILABLE' });
    await test.expect.poll(() => writer.failures.length, patiently).toBeGreaterThan(0);
    await resume();
    const before = writer.confirmed.length;
    await test.expect.poll(() => writer.confirmed.length, patiently).toBeGreaterThan(before + 100);
    writer.stop();
    await running;
    const { keys, count } = await stored(url);
    expect([keys.size, count]).toEqual([writer.confirmed.length, writer.confirmed.length]);
  });

  it('gives a write up on its signal', async (test) => {
    const { kept, server } = world(test);
    const { address: url, pause, resume } = await server();
    const { sink } = await roles({ url });
    kept(sink);
    await sink.connect(never);
    await pause();
    const stop = new AbortController();
    const writing = sink.write([rowMessage({ message_key: 'a' })], stop.signal);
    stop.abort();
    await expect(writing).rejects.toMatchObject({ code: 'FDP_CLOSED' });
    await resume();
    await test.expect
      .poll(
        () =>
          sink.write([rowMessage({ message_key: 'a' })], never).then(
            () => true,
            () => false,
          ),
        patiently,
      )
      .toBe(true);
    expect((await stored(url)).count).toBe(1);
  });

  it('can be closed while the server is frozen, with a write under way', async (test) => {
    const { server } = world(test);
    const { address: url, pause, resume } = await server();
    const { sink } = await roles({ url });
    await sink.connect(never);
    await sink.write([rowMessage({ message_key: 'a' })], never);
    await pause();
    const writing = sink.write([rowMessage({ message_key: 'b' })], never);
    const outcome = expect(writing).rejects.toMatchObject({ fault: 'transient' });
    await systemClock.turn();
    await sink.close();
    await outcome;
    await resume();
  });

  it('makes its indexes again on a server that comes back without them', async (test) => {
    const { kept, server } = world(test);
    const { address: url, restart } = await server();
    const { sink } = await roles({ url });
    kept(sink);
    await sink.connect(never);
    const client = kept(await new MongoClient(url).connect());
    await client.db('fdp').dropDatabase();
    await restart();
    await test.expect
      .poll(
        () =>
          sink.write([rowMessage({ message_key: 'a' })], never).then(
            () => true,
            () => false,
          ),
        patiently,
      )
      .toBe(true);
    expect((await sink.write([rowMessage({ message_key: 'a' })], never)).known?.size).toBe(1);
    expect(await client.db('fdp').collection('rows').indexes()).toHaveLength(2);
  });

  it('removes documents that have expired, by the clock of the server', async (test) => {
    const { kept, server } = world(test);
    const { address: url } = await server({ args: ['--setParameter', 'ttlMonitorSleepSecs=1'] });
    const { sink, lookup } = await roles({ url, expire: '3s' });
    kept(sink);
    kept(lookup);
    await Promise.all([sink.connect(never), lookup.connect(never)]);
    await sink.write([rowMessage({ message_key: 'a' })], never);
    expect(await lookup.find(everything, never)).toHaveLength(1);
    await test.expect.poll(() => lookup.find(everything, never), patiently).toEqual([]);
  });
});
