import { join } from 'node:path';
import { map } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { recordLog } from '../../../src/cli/tape/record.ts';
import type { ConnectorPlan } from '../../../src/engine/plan.ts';
import { linkedAbort } from '../../../src/kit/clock.ts';
import type { Connector } from '../../../src/kit/connector.ts';
import type { ConnectorContext } from '../../../src/kit/declaration.ts';
import type { Lane, Source } from '../../../src/kit/source.ts';
import { MemoryLogStore } from '../../../src/simulate/memory/log-store.ts';
import { createMemorySpace } from '../../../src/simulate/memory/space.ts';
import { memoryLog } from '../../../src/simulate/memory-log.ts';
import { VirtualClock } from '../../../src/simulate/virtual-clock.ts';
import { testEnvironment } from '../../../src/testing/environment.ts';
import { temporaryFolder } from '../../support/cli/platform.ts';
import { optionsOf } from '../../support/engine/options.ts';

describe('a recording up to a time', () => {
  const hour = 3_600_000;

  /** Records of one partition at these times, recorded up to an hour and a half: what is on the tape, and how many were read. */
  async function recordedOf(timestamps: readonly number[]) {
    using folder = temporaryFolder();
    const space = createMemorySpace();
    const environment = testEnvironment(new VirtualClock());
    const options = optionsOf(memoryLog, { topic: 'ticks', partitions: 1, space: space.name });
    const store = new MemoryLogStore(space, { name: 'ticks', topic: 'ticks', partitions: 1 }, environment);
    await store.open();
    const { signal } = linkedAbort().controller;
    await store.append(
      timestamps.map((timestamp) => ({ partition: 0, timestamp, key: null, value: '1' })),
      signal,
    );
    let read = 0;
    const count = (lane: Lane): Lane => ({
      ...lane,
      read: async (stop) => {
        const reading = await lane.read(stop);
        read += reading?.messages.length ?? 0;
        return reading;
      },
    });
    const create = async (given: typeof options, context: ConnectorContext): Promise<Connector> => {
      const connector = await memoryLog.create(given, context);
      const browse: Connector['browse'] = (role, since) => {
        const source = connector.browse?.(role, since) as Source;
        return {
          replayable: false,
          lanes: source.lanes.pipe(map(count)),
          connect: (stop) => source.connect(stop),
          close: () => source.close(),
        };
      };
      return { browse, close: () => connector.close() };
    };
    const log = { name: 'ticks', options, declaration: { ...memoryLog, create } as ConnectorPlan['declaration'] };
    const tape = join(folder.path, 'tape');
    const range = { since: 0, to: 1.5 * hour, folder: tape, pipeline: 'p', spec: 's' };
    const manifest = await recordLog(log, { ...range, environment, signal });
    space.dispose();
    return { messages: manifest?.messages, next: manifest?.partitions[0]?.next, read };
  }

  it('does not read what is long after it, and has what was late', async () => {
    const second = (count: number, from = 0) => Array.from({ length: count }, (_, at) => from + at * 1000);
    // Twelve hours; an hour behind the end of the range comes one that was kept back; one was dated by a wrong clock.
    const all = second(43_200);
    all[100] = 40 * hour;
    all[2.4 * 3600] = 1.4 * hour;
    const { messages, next, read } = await recordedOf(all);
    expect({ messages, next }).toEqual({ messages: 5400, next: 2.4 * 3600 + 1 });
    expect(read).toBeGreaterThan(2.5 * 3600 + 999);
    expect(read).toBeLessThan(2.5 * 3600 + 2000);
  });

  it('reads on behind many that a wrong clock has dated', async () => {
    const wrong = Array.from({ length: 900 }, () => 9 * hour);
    expect(await recordedOf([0, ...wrong, 1, ...wrong, 2])).toEqual({ messages: 3, next: 1803, read: 1803 });
  });
});
