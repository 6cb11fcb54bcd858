import { DatabaseSync } from '@photostructure/sqlite';
import { describe, expect, it } from 'vitest';
import { type Chance, seededChance } from '../../src/kit/chance.ts';
import { sized } from '../support/cli/faults.ts';
import { Installation } from '../support/cli/installation.ts';
import { eventually, type Process, temporaryFolder } from '../support/cli/platform.ts';

const rate = '2000/s';

/** Fail points between two durable steps of the embedded profile. */
const failPoints = [
  'log-before-append',
  'log-after-append',
  'position-before-commit',
  'position-after-commit',
  'table-before-insert',
  'table-after-insert',
  'table-before-merge',
  'table-after-merge',
];

const countOf = ({ stores }: Installation) => Object.values(stores.symbols).reduce((sum, [count]) => sum + count, 0);

/** Waits for a random moment: during start and standby, or while the processor works off its backlog. */
async function moment(process: Process, chance: Chance): Promise<void> {
  if (chance.next() < 0.5) return pause(chance.next() * 2000);
  await eventually('the processor took over', async () => process.output.includes('took group processor over'));
  await pause(chance.next() * 600);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const kills = sized({ full: 20, fast: 5 });

describe.concurrent('a platform that is killed', () => {
  it(`loses nothing and counts nothing twice, killed ${kills} times at any moment`, async () => {
    using folder = temporaryFolder();
    const platform = await Installation.in(folder.path, rate);
    const chance = seededChance(20);
    {
      await using first = platform.start();
      await eventually('trades counted', async () => countOf(platform) > 1000);
      await first.stop('SIGKILL');
    }
    for (let kill = 1; kill < kills; kill++) {
      await using process = platform.start();
      await moment(process, chance);
      expect(await process.stop('SIGKILL')).toBe('SIGKILL');
    }
    await platform.catchUp();
    expect(platform.stores.trades.length).toBeGreaterThan(1000 * kills);
    expect(platform.differences()).toEqual([]);
  }, 240_000);

  it.each(failPoints.map((point, index) => [point, index] as const))('loses nothing at %s', async (point, index) => {
    using folder = temporaryFolder();
    const platform = await Installation.in(folder.path, rate);
    // Side by side, since each leaves the machine to the others while in standby; but they must not all start at once.
    await pause(index * 200);
    for (const times of ['', ':3']) {
      await using process = platform.start([], { FDP_FAIL_POINT: `${point}${times}` });
      expect(await process.ended).toBe('SIGKILL');
    }
    await platform.catchUp();
    expect(platform.stores.trades.length).toBeGreaterThan(0);
    expect(platform.differences()).toEqual([]);
  });
});

describe('a platform that is stopped', () => {
  it('drains on SIGINT, ends with 0, and continues counting after the next start', async () => {
    using folder = temporaryFolder();
    const platform = await Installation.in(folder.path, rate);
    let before = 0;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      await using process = platform.start();
      await eventually('more trades counted', async () => countOf(platform) > before + 1000);
      expect(await process.stop(signal)).toBe(0);
      expect(process.output).toContain('stopped cleanly');
      // Messages in flight are finished: everything that was read is stored.
      expect(countOf(platform)).toBe(platform.stores.trades.length);
      before = countOf(platform);
    }
    await platform.catchUp();
    expect(platform.differences()).toEqual([]);
  });

  it.each([
    ['by a second SIGINT', 2],
    ['when its time is over', 1],
  ])(
    'is forced %s while its store is locked: ends with 3, reports what is left, and loses nothing',
    async (_, signals) => {
      using folder = temporaryFolder();
      const platform = await Installation.in(folder.path, rate);
      await using process = platform.start();
      await eventually('trades counted', async () => countOf(platform) > 500);
      const lock = new DatabaseSync(platform.storeFile, { timeout: 10_000 });
      lock.exec('BEGIN EXCLUSIVE');
      await eventually('the processor waits', async () => platform.lag('processor') > 500);
      process.child.kill('SIGINT');
      await eventually('it drains', async () => process.output.includes('SIGINT: stopping'));
      if (signals === 2) process.child.kill('SIGINT');
      const code = await process.ended;
      lock.exec('ROLLBACK');
      lock.close();
      expect(code).toBe(3);
      expect(process.log).toContainEqual(
        expect.objectContaining({
          level: 'warn',
          topology: 'processor',
          messages: expect.any(Number),
          msg: expect.stringMatching(/^forced: processor\/\w+ left \d+ messages unfinished, .* will be read again$/),
        }),
      );
      await platform.catchUp();
      expect(platform.differences()).toEqual([]);
    },
  );
});
