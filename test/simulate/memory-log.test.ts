import { describe, expect, it } from 'vitest';
import { partitionOf } from '../../connectors/shared/log/codec.ts';
import { linkedAbort } from '../../src/kit/clock.ts';
import { createMemorySpace } from '../../src/simulate/memory/space.ts';
import { memoryLog } from '../../src/simulate/memory-log.ts';
import { testEnvironment } from '../../src/testing/environment.ts';
import { logContract } from '../support/contracts/log-contract.ts';
import {
  append,
  drain,
  type LogWorld,
  messageWith,
  openSink,
  openSource,
  processOf,
} from '../support/contracts/log-harness.ts';
import { optionsOf } from '../support/engine/options.ts';

function memoryWorld(): LogWorld & { readonly space: ReturnType<typeof createMemorySpace> } {
  const space = createMemorySpace();
  return {
    space,
    connector: (clock, options = {}) =>
      memoryLog.create(optionsOf(memoryLog, { topic: 'topic', partitions: 3, space: space.name, ...options }), {
        ...testEnvironment(clock),
        name: 'ticks',
      }),
    loseEnd: async (partition, records) => {
      space.topics.get('topic')?.partitions[partition]?.records.splice(-records);
    },
    dispose: async () => space.dispose(),
  };
}

logContract('memory_log', async () => memoryWorld());

describe('memory_log', () => {
  const never = new AbortController().signal;

  it('has as many readers waiting as there are partitions, without a warning of too many listeners', async () => {
    const world = memoryWorld();
    const test = await processOf(world, { partitions: 30 });
    const warnings: Error[] = [];
    const hear = (warning: Error) => void warnings.push(warning);
    process.on('warning', hear);
    const { source, lanes } = await openSource(test);
    const reads = lanes.map((lane) => lane.read(linkedAbort().controller.signal));
    await test.clock.settle();
    await test.clock.until(source.close());
    expect(await Promise.all(reads)).toEqual(lanes.map(() => undefined));
    process.off('warning', hear);
    expect(warnings).toEqual([]);
    await world.dispose();
  });

  it('hands a partition over at any moment: the old lane ends, a new one goes on from what was committed', async () => {
    const world = memoryWorld();
    const process = await processOf(world);
    await append(
      process,
      [1, 2, 3].map((n) => messageWith(n, { key: 'A' })),
    );
    const partition = partitionOf('A', 3);
    const open = await openSource(process, { batch: 1 });
    const lane = open.lanes.find((each) => each.id.endsWith(`/${partition}`));
    await lane?.read(never);
    await lane?.group?.commit(1);
    await lane?.read(never);
    world.space.revoke('topic', partition);
    expect(lane?.signal.aborted).toBe(true);
    await expect(lane?.group?.commit(2)).rejects.toMatchObject({ code: 'FDP_LEASE_LOST' });
    expect(open.errors).toEqual([]);
    expect(open.lanes).toHaveLength(4);
    expect(open.lanes[3]?.id).toBe(lane?.id);
    expect((await drain(process, open.lanes[3] as never)).map(({ value }) => value)).toEqual([2, 3]);
    await process.clock.until(open.source.close());
    world.space.dispose();
  });

  it('fails as its hooks say: before a step nothing has happened, after it everything has', async () => {
    const world = memoryWorld();
    const process = await processOf(world, { partitions: 1 });
    const sink = await openSink(process);
    const fail = (step: string) => {
      if (step === 'append') throw new Error('fault');
    };
    world.space.beforeWrite = fail;
    await expect(sink.write([messageWith(1)], never)).rejects.toThrow('fault');
    world.space.beforeWrite = undefined;
    world.space.afterWrite = fail;
    await expect(sink.write([messageWith(2)], never)).rejects.toThrow('fault');
    world.space.afterWrite = undefined;
    const open = await openSource(process);
    expect((await drain(process, open.lanes[0] as never)).map(({ value }) => value)).toEqual([2]);
    await process.clock.until(Promise.all([open.source.close(), sink.close()]));
    world.space.dispose();
  });

  it('survives a crash of everything that uses it: who comes next takes the group over', async () => {
    const world = memoryWorld();
    const before = await processOf(world);
    await append(before, [messageWith(1, { key: 'A' })]);
    const dead = await openSource(before);
    world.space.crash();
    await expect(dead.lanes[0]?.group?.commit(1)).rejects.toMatchObject({ code: 'FDP_CLOSED' });
    await dead.source.close();
    const after = await processOf(world, {}, before.clock);
    const open = await openSource(after);
    expect(open.source.takenOver).toBe(true);
    expect(open.lanes.map(({ id }) => id)).toEqual(dead.lanes.map(({ id }) => id));
    await after.clock.until(open.source.close());
    world.space.dispose();
  });
});
