import { DatabaseSync } from '@photostructure/sqlite';
import { describe, expect, it } from 'vitest';
import { Installation } from '../support/cli/installation.ts';
import { eventually, type Process, temporaryFolder } from '../support/cli/platform.ts';
import { get, LineReader } from '../support/cli/workspace.ts';

const rate = '500/s';
/** A standby takes over within a few seconds; the limit allows for a busy machine, ms. */
const soonMs = 15_000;

async function says(process: Process, text: string): Promise<void> {
  await eventually(`a process that says "${text}"`, async () => process.output.includes(text), soonMs).catch(
    (error) => {
      throw new Error(`${error.message}; it printed\n${process.output}`);
    },
  );
}

/** Waits until more trades are stored than now. */
async function storing(platform: Installation): Promise<void> {
  const before = platform.storedTrades;
  await eventually('more trades stored', async () => platform.storedTrades > before + 100, soonMs);
}

/** Waits until a client that connects now gets lines. */
async function broadcasting({ workspace }: Installation): Promise<void> {
  using client = new LineReader(workspace.tcpPort);
  await eventually('lines over TCP', async () => client.lines.length > 10, soonMs);
  expect(JSON.parse(client.lines[0] ?? '')).toMatchObject({ symbol: expect.any(String), price: expect.any(Number) });
}

/** Freezes a process while it has no lock on either file: a lock would stop all other processes too. */
async function freeze(process: Process, { logFile, storeFile }: Installation): Promise<void> {
  await eventually('a process frozen between two transactions', async () => {
    process.child.kill('SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 50));
    if ((await isFree(logFile)) && (await isFree(storeFile))) return true;
    process.child.kill('SIGCONT');
    return false;
  });
}

/** Whether the file can be locked within a while; running processes lock it only briefly. */
async function isFree(path: string): Promise<boolean> {
  const db = new DatabaseSync(path, { timeout: 1000 });
  try {
    db.exec('BEGIN IMMEDIATE');
    db.exec('ROLLBACK');
    return true;
  } catch {
    return false;
  } finally {
    db.close();
  }
}

async function stopped(...processes: readonly Process[]): Promise<void> {
  for (const process of processes) expect(await process.stop()).toBe(0);
}

describe('processes on one data folder', () => {
  it('work together, and a second processor and a second analytics take over from killed ones', async () => {
    using folder = temporaryFolder();
    const platform = await Installation.in(folder.path, rate);
    await using ingestor = platform.start(['ingestor']);
    await using api = platform.start(['api']);
    await using processor = platform.start(['processor']);
    await using analytics = platform.start(['analytics']);
    await storing(platform);
    await broadcasting(platform);
    // Of a busy store a lookup may come too late: 503, try again later.
    const answer = await eventually(
      'an answer',
      async () => {
        const got = await get(`${platform.workspace.api}/api/v1/trades/AAPL?limit=5`);
        return got?.status === 503 ? undefined : got;
      },
      soonMs,
    );
    const five = Array.from({ length: 5 }, () => expect.objectContaining({ price: expect.any(String) }));
    expect(answer).toMatchObject({ status: 200, body: { error: null, data: { data: five } } });

    await using secondProcessor = platform.start(['processor']);
    await using secondAnalytics = platform.start(['analytics']);
    const waits = (process: Process, first: Process) =>
      says(
        process,
        `ticks is standby: ticks: ${process === secondProcessor ? 'processor' : 'analytics'} in process ${first.child.pid} works`,
      );
    await Promise.all([waits(secondProcessor, processor), waits(secondAnalytics, analytics)]);

    await processor.stop('SIGKILL');
    await says(secondProcessor, 'took group processor over');
    await storing(platform);
    await analytics.stop('SIGKILL');
    await says(secondAnalytics, 'took group analytics over');
    await broadcasting(platform);

    await stopped(ingestor, secondProcessor, secondAnalytics, api);
    await platform.catchUp();
    expect(platform.differences()).toEqual([]);
  });

  it('hand over at once when the first is stopped', async () => {
    using folder = temporaryFolder();
    const platform = await Installation.in(folder.path, rate);
    await using first = platform.start(['ingestor', 'processor', 'analytics']);
    await storing(platform);
    await using second = platform.start(['ingestor', 'processor', 'analytics']);
    await says(second, 'works group processor');
    await says(second, 'works group analytics');
    await stopped(first);
    await says(second, 'vwap_feed: listening');
    expect(second.output).not.toContain(' over"');
    await storing(platform);
    await broadcasting(platform);
    await stopped(second);
    await platform.catchUp();
    expect(platform.differences()).toEqual([]);
  });
});

describe('a process that is frozen', () => {
  it('is replaced as the processor; when it wakes it does no harm, is in standby, and takes over again', async () => {
    using folder = temporaryFolder();
    const platform = await Installation.in(folder.path, rate);
    await using ingestor = platform.start(['ingestor']);
    await using first = platform.start(['processor']);
    await storing(platform);
    await using second = platform.start(['processor']);
    await says(second, 'ticks is standby');

    await freeze(first, platform);
    await says(second, 'took group processor over');
    await storing(platform);
    first.child.kill('SIGCONT');
    await says(first, `ticks is standby: ticks: processor in process ${second.child.pid} works`);
    expect(first.child.exitCode).toBeNull();
    await storing(platform);

    await second.stop('SIGKILL');
    await says(first, 'took group processor over');
    await storing(platform);
    await stopped(ingestor, first);
    await platform.catchUp();
    expect(platform.differences()).toEqual([]);
  });

  it('keeps its port as analytics, which its successor waits for until it is woken or killed', async () => {
    using folder = temporaryFolder();
    const platform = await Installation.in(folder.path, rate);
    await using ingestor = platform.start(['ingestor']);
    await using first = platform.start(['analytics']);
    await broadcasting(platform);
    await using second = platform.start(['analytics']);
    await says(second, 'ticks is standby');

    await freeze(first, platform);
    await says(second, 'is still held by the previous process');
    expect(second.child.exitCode).toBeNull();
    first.child.kill('SIGCONT');
    await says(first, `ticks is standby: ticks: analytics in process ${second.child.pid} works`);
    await says(second, 'vwap_feed: listening');
    await broadcasting(platform);

    await freeze(second, platform);
    await says(first, 'is still held by the previous process');
    expect(await second.stop('SIGKILL')).toBe('SIGKILL');
    const listens = () => first.output.split('vwap_feed: listening').length - 1;
    await eventually('the first listens again', async () => listens() === 2, soonMs);
    await broadcasting(platform);
    await stopped(ingestor, first);
  });
});
