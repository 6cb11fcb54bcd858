import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sqliteLog } from '../../../../connectors/sqlite-log/index.ts';
import type { Connector } from '../../../../src/kit/connector.ts';
import { createMemorySpace } from '../../../../src/simulate/memory/space.ts';
import { memoryLog } from '../../../../src/simulate/memory-log.ts';
import { VirtualClock } from '../../../../src/simulate/virtual-clock.ts';
import { testEnvironment } from '../../../../src/testing/environment.ts';
import {
  append,
  messageWith,
  processOf,
  subscribed,
  type TestProcess,
} from '../../../support/contracts/log-harness.ts';
import { optionsOf } from '../../../support/engine/options.ts';

const never = new AbortController().signal;
const hour = 3_600_000;

interface World {
  connector(clock: VirtualClock): Promise<Connector>;
  dispose(): void;
}

const worlds: Readonly<Record<string, () => World>> = {
  sqlite_log: () => {
    const folder = mkdtempSync(join(tmpdir(), 'fdp-log-'));
    const options = optionsOf(sqliteLog, { topic: 'topic', partitions: 3, path: join(folder, 'log.db') });
    return {
      connector: (clock) => sqliteLog.create(options, { ...testEnvironment(clock), name: 'ticks' }),
      dispose: () => rmSync(folder, { recursive: true, force: true }),
    };
  },
  memory_log: () => {
    const space = createMemorySpace();
    const options = optionsOf(memoryLog, { topic: 'topic', partitions: 3, space: space.name });
    return {
      connector: (clock) => memoryLog.create(options, { ...testEnvironment(clock), name: 'ticks' }),
      dispose: () => space.dispose(),
    };
  },
};

/** The numbers of all messages that a browser reads, sorted. */
async function browsed({ connector, context }: TestProcess, since?: number): Promise<readonly number[]> {
  const browser = connector.browse?.(context(), since);
  if (!browser) throw new Error('no browser');
  await browser.connect(never);
  const found: number[] = [];
  for (const lane of subscribed(browser).lanes)
    for (let reading = await lane.read(never); reading; reading = await lane.read(never))
      found.push(...reading.messages.map(({ value }) => value as number));
  await browser.close();
  return found.sort((a, b) => a - b);
}

const numbered = (from: number, to: number, timestamp: number) =>
  Array.from({ length: to - from }, (_, at) => messageWith(from + at, { key: `K${at % 7}`, timestamp }));

describe.each(Object.entries(worlds))('browsing a %s', (_type, create) => {
  it('reads all of it, or what was appended since a time and the minute before: no more', async () => {
    const world = create();
    const clock = new VirtualClock();
    const process = await processOf({ ...world, loseEnd: async () => {}, dispose: async () => {} }, {}, clock);
    const begun = clock.now();
    await append(process, numbered(0, 4000, begun));
    await clock.advance(hour);
    // Of a machine whose clock is ahead.
    await append(process, numbered(4000, 4010, begun + hour + 50_000));
    await clock.advance(hour);
    await append(process, numbered(4010, 4025, begun + 2 * hour));
    const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at);
    expect(await browsed(process)).toEqual(numbers(0, 4025));
    expect(await browsed(process, begun - hour)).toEqual(numbers(0, 4025));
    expect(await browsed(process, begun + hour + 50_000)).toEqual(numbers(4000, 4025));
    expect(await browsed(process, begun + 2 * hour)).toEqual(numbers(4010, 4025));
    expect(await browsed(process, begun + 3 * hour)).toEqual([]);
    await process.connector.close();
    world.dispose();
  });
});
