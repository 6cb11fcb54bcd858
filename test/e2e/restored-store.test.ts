import { cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Installation } from '../support/cli/installation.ts';
import { eventually, temporaryFolder } from '../support/cli/platform.ts';

const rewindLine = /the store of trades, symbols is older than .+ is read again from offset (\d+) instead of (\d+)/;

/** Runs ingestor and processor until `trades` more trades are stored, and stops them. */
async function store(platform: Installation, trades: number): Promise<void> {
  await using process = platform.start(['ingestor', 'processor', 'candles']);
  const before = platform.storedTrades;
  await eventually('more trades stored', async () => platform.storedTrades >= before + trades);
  expect(await process.stop()).toBe(0);
}

/** Runs the processor until it has worked off the log, and returns its output. */
async function caughtUp(platform: Installation): Promise<string> {
  await using processor = platform.start(['processor', 'candles']);
  await eventually(
    'the log worked off and stored',
    async () => processor.output.includes(': starting') && platform.differences().length === 0,
  ).catch(() => expect(platform.differences(), processor.output).toEqual([]));
  expect(await processor.stop()).toBe(0);
  return processor.output;
}

/** Copies the store's files, including those of SQLite beside it. */
function copyStores(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) if (name.startsWith('store.db')) cpSync(join(from, name), join(to, name));
}

function removeStores(folder: string): void {
  for (const name of readdirSync(folder)) if (name.startsWith('store.db')) rmSync(join(folder, name));
}

describe('the stores of the embedded profile', () => {
  it('restored from an older copy, or removed, are filled again from the log', async () => {
    using folder = temporaryFolder();
    const platform = await Installation.in(folder.path, '500/s');
    const [data, backup] = [join(folder.path, 'data'), join(folder.path, 'backup')];
    await store(platform, 300);
    copyStores(data, backup);
    const older = platform.storedTrades;
    await store(platform, 600);

    removeStores(data);
    copyStores(backup, data);
    expect(platform.storedTrades).toBe(older);
    expect(await caughtUp(platform)).toMatch(rewindLine);
    expect(await caughtUp(platform)).not.toMatch(rewindLine);

    removeStores(data);
    expect(await caughtUp(platform)).toMatch(rewindLine);
    expect(await caughtUp(platform)).not.toMatch(rewindLine);
  });
});
