import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LogWorld, messageWith, never, numbers, openSink, openSource, processOf } from './log-harness.ts';
import { leaseCases, retentionCases } from './log-leases.ts';
import { positionCases } from './log-positions.ts';
import { recordCases } from './log-records.ts';

/** The contract of all logs, for any kind of storage. */
export function logContract(type: string, create: () => Promise<LogWorld>): void {
  describe(type, () => {
    let world: LogWorld;
    beforeEach(async () => {
      world = await create();
    });
    afterEach(() => world.dispose());

    describe('records', () => recordCases(() => world));
    describe('positions', () => positionCases(() => world));
    describe('leases', () => leaseCases(() => world));
    describe('retention', () => retentionCases(() => world));
    it('gives every message of a key once and in order, however it is written, read, and opened again', () =>
      property(create));
  });
}

async function property(create: () => Promise<LogWorld>): Promise<void> {
  const step = fc.oneof(
    fc.record({
      do: fc.constant('write' as const),
      keys: fc.array(fc.constantFrom('A', 'B', 'C', 'D'), { maxLength: 6 }),
    }),
    fc.record({ do: fc.constant('read' as const), lane: fc.nat(2) }),
    fc.record({ do: fc.constant('commit' as const), lane: fc.nat(2) }),
    fc.record({ do: fc.constant('open' as const) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const world = await create();
      const process = await processOf(world);
      const sink = await openSink(process);
      let open = await openSource(process, { batch: 3 });
      let count = 0;
      const seen = new Map<string, number[]>();
      const readUpTo = [0, 0, 0];
      const commit = async (lane: number) => {
        await process.clock.until(open.lanes[lane]?.group?.commit(readUpTo[lane] ?? 0) ?? Promise.reject());
      };
      const read = async (lane: number) => {
        const [before, next] = [readUpTo[lane] ?? 0, (await open.lanes[lane]?.log?.range())?.next ?? 0];
        if (before >= next) return;
        const reading = await open.lanes[lane]?.read(never);
        expect(reading?.messages[0]?.meta.offset).toBe(before);
        readUpTo[lane] = reading?.position ?? 0;
        for (const { key, value } of reading?.messages ?? [])
          seen.set(key as string, [...(seen.get(key as string) ?? []), value as number]);
        await commit(lane);
      };
      for (const now of steps) {
        if (now.do === 'write') {
          const messages = now.keys.map((key) => messageWith(count++, { key }));
          await process.clock.until(sink.write(messages, never));
        } else if (now.do === 'read') await read(now.lane);
        else if (now.do === 'commit') await commit(now.lane);
        else {
          await process.clock.until(open.source.close());
          open = await openSource(process, { batch: 3 });
        }
      }
      for (const lane of [0, 1, 2]) for (let round = 0; round < 100; round++) await read(lane);
      const all = [...seen.values()];
      expect(all.flat().sort((a, b) => a - b)).toEqual(numbers(0, count));
      for (const values of all) expect(values).toEqual([...values].sort((a, b) => a - b));
      await process.clock.until(Promise.all([open.source.close(), sink.close()]));
      await world.dispose();
    }),
    { numRuns: 25 },
  );
}
