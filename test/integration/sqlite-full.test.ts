import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sqliteLog } from '../../connectors/sqlite-log/index.ts';
import { sqliteTable } from '../../connectors/sqlite-table/index.ts';
import { toMessage } from '../../src/kit/message.ts';
import { roleContext, testEnvironment } from '../../src/testing/environment.ts';
import { optionsOf, usageOf } from '../support/engine/options.ts';

const folder = mkdtempSync(join(tmpdir(), 'fdp-full-'));
const mounted = mount();
if (mounted) unmount();

/** Mounts a disk of 3 MiB, which only root may do. */
function mount(): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** A lazy unmount: handles of closed files are freed only by garbage collection. */
function unmount(): void {
  execFileSync('umount', ['-l', folder]);
}

describe.skipIf(!mounted)('sqlite on a full disk (needs the right to mount a small tmpfs)', () => {
  beforeEach(() => void mount());
  afterEach(() => unmount());
  afterAll(() => rmdirSync(folder));
  const never = new AbortController().signal;
  const ballast = join(folder, 'ballast');
  const environment = testEnvironment();
  const message = (n: number, padding = '') =>
    toMessage({ key: 'A', value: { key: `k${n}`, padding }, timestamp: 0, meta: { lane: 'test' } }, undefined);

  it('fails temporarily, keeps every confirmed message, and continues when there is space', async () => {
    const log = optionsOf(sqliteLog, { path: join(folder, 'log.db'), topic: 'topic', partitions: 1 });
    const connector = await sqliteLog.create(log, { ...environment, name: 'ticks' });
    const sink = connector.sink?.({}, roleContext(environment));
    await sink?.connect(never);
    writeFileSync(ballast, Buffer.alloc(1024 * 1024));
    let stored = 0;
    let failure: unknown;
    while (!failure)
      try {
        await sink?.write([message(stored, 'x'.repeat(20_000))], never);
        stored++;
      } catch (error) {
        failure = error;
      }
    expect(failure).toMatchObject({ code: 'FDP_DISK_FULL', fault: 'transient' });
    await expect(sink?.write([message(stored, 'x'.repeat(20_000))], never)).rejects.toMatchObject({
      code: 'FDP_DISK_FULL',
    });
    rmSync(ballast);
    await sink?.write([message(stored++)], never);
    const usage = usageOf(sqliteLog.source, { group: 'group', batch: 1000, batch_bytes: '100MiB' });
    const source = connector.source?.(usage, roleContext(environment));
    await source?.connect(never);
    const values: unknown[] = [];
    await new Promise<void>((resolve) => {
      source?.lanes.subscribe(async (lane) => {
        const reading = await lane.read(never);
        values.push(...(reading?.messages ?? []).map(({ value }) => (value as { key: string }).key));
        resolve();
      });
    });
    expect(values).toEqual(Array.from({ length: stored }, (_, n) => `k${n}`));
    await Promise.all([source?.close(), sink?.close()]);
  });

  it('stores a row once, whatever was attempted while the disk was full', async () => {
    const options = {
      path: join(folder, 'store.db'),
      table: 'rows',
      fields: { key: 'string', padding: 'string' },
      unique: 'key',
    };
    const connector = await sqliteTable.create(optionsOf(sqliteTable, options), { ...environment, name: 'rows' });
    const [sink, lookup] = [
      connector.sink?.({}, roleContext(environment)),
      connector.lookup?.(roleContext(environment)),
    ];
    await Promise.all([sink?.connect(never), lookup?.connect(never)]);
    writeFileSync(ballast, Buffer.alloc(2 * 1024 * 1024));
    const rows = Array.from({ length: 60 }, (_, n) => message(n, 'x'.repeat(20_000)));
    await expect(sink?.write(rows, never)).rejects.toMatchObject({ code: 'FDP_DISK_FULL' });
    rmSync(ballast);
    expect((await sink?.write(rows, never))?.known?.size).toBe(0);
    expect(await lookup?.find({ where: {}, sort: [], limit: 100_000 }, never)).toHaveLength(60);
    await Promise.all([sink?.close(), lookup?.close()]);
  });
});

describe('the test of a full disk', () => {
  it.runIf(!mounted)('was not run: this user may not mount a tmpfs', () => {
    rmdirSync(folder);
  });
});
