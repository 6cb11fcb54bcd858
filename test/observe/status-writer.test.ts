import { describe, expect, it } from 'vitest';
import type { ConnectorPlan } from '../../src/engine/plan.ts';
import { FdpError } from '../../src/errors.ts';
import type { Connector } from '../../src/kit/connector.ts';
import type { Row } from '../../src/kit/row.ts';
import type { Sink } from '../../src/kit/sink.ts';
import { statusTable } from '../../src/kit/snapshot.ts';
import { writeStatus } from '../../src/observe/status-writer.ts';
import { createMemorySpace } from '../../src/simulate/memory/space.ts';
import { memoryTable } from '../../src/simulate/memory-table.ts';
import { VirtualClock } from '../../src/simulate/virtual-clock.ts';
import { roleContext, testEnvironment } from '../../src/testing/environment.ts';
import { optionsOf } from '../support/engine/options.ts';

const clock = () => new VirtualClock();

function tableOf(sink: Partial<Sink>): { readonly connector: ConnectorPlan; readonly closed: string[] } {
  const closed: string[] = [];
  const made: Connector = {
    sink: () => ({
      ordered: false,
      connect: async () => {},
      write: async () => ({}),
      close: async () => void closed.push('sink'),
      ...sink,
    }),
    close: async () => void closed.push('connector'),
  };
  const declaration = { type: 'test', summary: '', options: {}, example: '', create: async () => made };
  return { connector: { name: 'status', declaration, options: {} }, closed };
}

/** Starts a writer whose rows are numbered. */
function start(time: VirtualClock, connector: ConnectorPlan) {
  const environment = testEnvironment(time);
  let rows = 0;
  const end = writeStatus({
    connector,
    environment,
    row: () => ({ process: 'p', at: time.now(), snapshot: `${++rows}` }),
  });
  return { environment, end };
}

describe('status writer', () => {
  it('replaces the row of its process every second and a last time at the end; other rows expire', async () => {
    const time = clock();
    const options = optionsOf(memoryTable, { ...statusTable, expire: '10s', space: createMemorySpace().name });
    const { environment, end } = start(time, { name: 'status', declaration: memoryTable, options });
    const table = await memoryTable.create(options, { ...environment, name: 'status' });
    const lookup = table.lookup?.(roleContext(environment));
    const other = table.sink?.({}, roleContext(environment));
    const signal = new AbortController().signal;
    const rows = async () => {
      const found =
        (await lookup?.find({ where: {}, sort: [{ field: 'process', descending: false }], limit: 10 }, signal)) ?? [];
      return found.map(({ process, at, snapshot }) => [process, Number(at) - start0, snapshot]);
    };
    const start0 = time.now();
    await lookup?.connect(signal);
    await other?.connect(signal);
    await time.advance(3500);
    await other?.rows?.put?.({ process: 'a', at: time.now(), snapshot: '' }, signal);
    expect(await rows()).toEqual([
      ['a', 3500, ''],
      ['p', 3000, '4'],
    ]);
    await time.advance(13_000);
    expect(await rows()).toEqual([['p', 16_000, '17']]);
    await time.until(end());
    expect(await rows()).toEqual([['p', 16_500, '18']]);
    await time.advance(5000);
    expect(await rows()).toEqual([['p', 16_500, '18']]);
    expect(time.timers).toBe(0);
  });

  it('retries an unavailable table and logs it at debug level only; the end does not wait then', async () => {
    const time = clock();
    let isAway = true;
    let hangs = false;
    const put: Row[] = [];
    const { connector, closed } = tableOf({
      connect: async () => {
        if (hangs) await new Promise(() => {});
        if (isAway) throw new FdpError('FDP_CONNECT_FAILED', 'status: away');
      },
      rows: { behind: async () => undefined, put: async (row) => void put.push(row) },
    });
    const first = start(time, connector);
    await time.advance(20_000);
    expect(put).toEqual([]);
    const before = time.now();
    await time.until(first.end());
    expect(time.now()).toBe(before);
    const hanging = start(time, connector);
    await time.advance(1);
    hangs = true;
    await time.advance(1500);
    const later = time.now();
    await time.until(hanging.end());
    expect(time.now()).toBe(later);
    hangs = false;
    expect(new Set(first.environment.log.lines.map(({ level }) => level))).toEqual(new Set(['debug']));
    const second = start(time, connector);
    await time.advance(5000);
    isAway = false;
    await time.advance(31_000);
    expect(put.length).toBeGreaterThan(0);
    await time.until(second.end());
    expect(closed.slice(-2)).toEqual(['sink', 'connector']);
    expect(time.timers).toBe(0);
  });

  it('gives up a table that never answers, and waits two seconds at most at the end', async () => {
    const time = clock();
    let puts = 0;
    const { connector, closed } = tableOf({
      rows: {
        behind: async () => undefined,
        put: () => {
          puts++;
          return new Promise(() => {});
        },
      },
    });
    const { end } = start(time, connector);
    await time.advance(30_000);
    expect(puts).toBeGreaterThan(1);
    const before = time.now();
    await time.until(end());
    expect(time.now() - before).toBeLessThanOrEqual(2000);
    expect(closed).toEqual(['sink', 'connector']);
  });

  it('stops at what a person must cure, and at a table that can not replace rows', async () => {
    for (const sink of [{ connect: () => Promise.reject(new FdpError('FDP_REFUSED', 'status: no')) }, {}]) {
      const time = clock();
      const { connector, closed } = tableOf(sink);
      const { environment, end } = start(time, connector);
      await time.advance(60_000);
      expect(environment.log.lines).toHaveLength(1);
      await time.until(end());
      expect(closed.at(-1)).toBe('connector');
    }
  });
});
