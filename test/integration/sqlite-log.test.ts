import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Worker } from '../support/cli/processes.ts';

describe('sqlite_log between processes', () => {
  let folder: string;
  let path: string;
  let workers: Worker[];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'fdp-log-'));
    path = join(folder, 'log.db');
    workers = [];
  });
  afterEach(async () => {
    for (const worker of workers) await worker.end('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  const start = (...args: string[]): Worker => {
    const worker = new Worker('./log-worker.ts', ...args);
    workers.push(worker);
    return worker;
  };
  const write = async (count: number) => {
    const writer = start('write', path, String(count));
    await once(writer.child, 'exit');
    expect(writer.child.exitCode).toBe(0);
  };
  const valuesOf = ({ lines }: Worker) => lines.flatMap(({ values }) => (Array.isArray(values) ? values : []));

  it('wakes a reader at once when another process has written', async () => {
    const reader = start('read', path, 'commit');
    await reader.event('connected');
    await write(3);
    await reader.line(({ position }) => position === 3);
    expect(valuesOf(reader).map(({ n }) => n)).toEqual([0, 1, 2]);
    expect(await reader.end('SIGTERM')).toBe(0);
  });

  it('loses and duplicates nothing when many processes write at once', async () => {
    await Promise.all([write(150), write(150), write(150)]);
    const reader = start('read', path, 'commit');
    await reader.line(({ position }) => position === 450);
    const values = valuesOf(reader);
    for (const writer of new Set(values.map(({ from }) => from)))
      expect(values.filter(({ from }) => from === writer).map(({ n }) => n)).toEqual(
        Array.from({ length: 150 }, (_, n) => n),
      );
  });

  it('keeps what was confirmed when the writer is killed', async () => {
    const writer = start('write', path, '100000');
    await writer.line(({ n }) => n === 50);
    await writer.end('SIGKILL');
    const confirmed = writer.lines.length;
    const reader = start('read', path, 'commit');
    await reader.line(({ position }) => Number(position) >= confirmed);
    const values = valuesOf(reader).map(({ n }) => n);
    expect(values).toEqual(values.map((_, index) => index));
  });

  it('hands a group over at once after a clean stop', async () => {
    await write(3);
    const first = start('read', path, 'commit');
    await first.line(({ position }) => position === 3);
    const second = start('read', path, 'commit');
    await second.event('connecting');
    expect(await first.end('SIGTERM')).toBe(0);
    expect(await second.event('connected')).toMatchObject({ takenOver: false });
    await write(1);
    await second.line(({ position }) => position === 4);
    expect(valuesOf(second)).toHaveLength(1);
  });

  it('takes a group over from a killed process, and reads again what it had not committed', async () => {
    await write(5);
    const first = start('read', path, 'nothing');
    await first.event('read');
    const second = start('read', path, 'commit');
    await second.event('connecting');
    await first.end('SIGKILL');
    expect(await second.event('connected')).toMatchObject({ takenOver: true });
    await second.line(({ position }) => position === 5);
    expect(valuesOf(second)).toHaveLength(5);
  });

  it('prevents further commits by a process that was suspended while it was replaced', async () => {
    const first = start('read', path, 'commit');
    await first.event('connected');
    const second = start('read', path, 'commit');
    await second.event('connecting');
    first.child.kill('SIGSTOP');
    expect(await second.event('connected')).toMatchObject({ takenOver: true });
    await write(5);
    await second.line(({ position }) => position === 5);
    first.child.kill('SIGCONT');
    expect(await first.event('lanes')).toMatchObject({ code: 'FDP_LEASE_LOST' });
    expect(first.lines.filter(({ event }) => event === 'committed')).toEqual([]);
    expect(await first.end('SIGTERM')).toBe(0);
    expect(await second.end('SIGTERM')).toBe(0);
  });
});
