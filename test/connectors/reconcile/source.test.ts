import { describe, expect, it } from 'vitest';
import { reconcile } from '../../../connectors/reconcile/index.ts';
import { FdpError } from '../../../src/errors.ts';
import type { Difference, Reconciler } from '../../../src/kit/reconciler.ts';
import type { Lane, Reading } from '../../../src/kit/source.ts';
import { VirtualClock } from '../../../src/simulate/virtual-clock.ts';
import { roleContext, testEnvironment } from '../../../src/testing/environment.ts';
import { sourceContract } from '../../support/contracts/source-contract.ts';
import { optionsOf } from '../../support/engine/options.ts';

const hour = 3_600_000;
const { signal } = new AbortController();

/** A pipeline whose comparisons find what they are given, or fail. */
class Comparisons implements Reconciler {
  readonly began: number[] = [];
  readonly asked: unknown[] = [];
  readonly clock: VirtualClock;
  next: readonly Difference[] | Error = [];

  constructor(clock: VirtualClock) {
    this.clock = clock;
  }

  check(): void {}

  async reconcile({ tables, repair, found }: Parameters<Reconciler['reconcile']>[0]) {
    this.began.push(this.clock.now());
    this.asked.push({ tables, repair });
    const { next } = this;
    this.next = [];
    if (next instanceof Error) throw next;
    for (const difference of next) found('symbols', difference);
    const left = next.filter(({ repaired }) => !repaired).length;
    return [{ table: 'symbols', differences: next.length, left, text: 'symbols: compared' }];
  }
}

const difference = (key: string, repaired = false): Difference => {
  return { key, fields: { tradeCount: { stored: 3, recomputed: 2 } }, cause: 'a test', repaired };
};

async function benchOf(options: object) {
  const clock = new VirtualClock(Date.UTC(2026, 0, 5, 14, 30));
  const reconciler = new Comparisons(clock);
  const environment = { ...testEnvironment(clock), reconciler };
  const context = roleContext(environment);
  const connector = await reconcile.create(optionsOf(reconcile, options), { ...environment, name: 'differences' });
  const source = connector.source?.({}, context);
  if (!source) throw new Error('no source');
  return { clock, reconciler, context, source, node: context.node, log: environment.log };
}

sourceContract('reconcile', async () => {
  const { clock, reconciler, source, node } = await benchOf({ every: '1s' });
  let next = 0;
  return {
    ...{ clock, source, node },
    numberOf: ({ key }) => Number(key),
    give: async (count) => {
      const more = Array.from({ length: count }, () => difference(String(next++)));
      reconciler.next = [...(reconciler.next as readonly Difference[]), ...more];
    },
  };
});

/** Reads until there is a difference. */
async function reading(bench: Awaited<ReturnType<typeof benchOf>>): Promise<Reading | undefined> {
  let lane: Lane | undefined;
  bench.source.lanes.subscribe((opened) => {
    lane = opened;
  });
  await bench.source.connect(signal);
  return lane?.read(signal);
}

describe('the source of differences', () => {
  it('compares at the start and every interval, and gives each difference with its table', async () => {
    const bench = await benchOf({ every: '1h', tables: ['symbols'], repair: true });
    const read = reading(bench);
    await bench.clock.advance(2 * hour - 1);
    bench.reconciler.next = [difference('AAPL', true), difference('MSFT')];
    await bench.clock.advance(1);
    expect((await read)?.messages.map(({ key, value }) => [key, value])).toEqual([
      ['AAPL', { table: 'symbols', ...difference('AAPL', true) }],
      ['MSFT', { table: 'symbols', ...difference('MSFT') }],
    ]);
    const start = Date.UTC(2026, 0, 5, 14, 30);
    expect(bench.reconciler.began).toEqual([start, start + hour, start + 2 * hour]);
    expect(bench.reconciler.asked[0]).toEqual({ tables: ['symbols'], repair: true });
    expect(bench.node.extra).toMatchObject({ differences: 2, repaired: 1, differences_left: 1 });
    expect(bench.log.lines.map(({ level, text }) => `${level} ${text}`)).toEqual([
      ...['info differences: symbols: compared', 'info differences: symbols: compared'],
      'warn differences: symbols: compared',
    ]);
    await bench.source.close();
  });

  it('compares when the expression says, in its time zone', async () => {
    const bench = await benchOf({ cron: '30 3 * * *', zone: 'America/New_York' });
    const read = reading(bench);
    await bench.clock.advance(48 * hour);
    expect(bench.reconciler.began).toEqual([Date.UTC(2026, 0, 6, 8, 30), Date.UTC(2026, 0, 7, 8, 30)]);
    await bench.source.close();
    expect(await read).toBeUndefined();
  });

  it('tries again within a minute what time may cure, and ends with what it can not', async () => {
    const bench = await benchOf({ every: '1h' });
    bench.reconciler.next = new FdpError('FDP_UNAVAILABLE', 'symbols: away');
    const read = reading(bench);
    await bench.clock.advance(1);
    expect(bench.node.state).toBe('retrying');
    bench.reconciler.next = new FdpError('FDP_SPEC_INVALID', 'symbols: gone');
    const ended = expect(read).rejects.toThrow('symbols: gone');
    await bench.clock.advance(60_000);
    await ended;
    expect(bench.reconciler.began.length).toBe(2);
    await bench.source.close();
  });

  it.each([
    [{}, 'expected either `every` or `cron`'],
    [{ every: '1h', cron: '* * * * *' }, 'expected either `every` or `cron`'],
    [{ cron: 'daily' }, 'expected minute, hour, day, month and weekday, got "daily"'],
    [{ cron: '0 3 * * *', zone: 'Mars' }, 'expected minute, hour, day, month and weekday'],
  ])('refuses %o', (options, text) => {
    const reports: string[] = [];
    reconcile.check?.({ zone: 'UTC', repair: false, ...options }, (_path, report) => void reports.push(report));
    expect(reports).toEqual([expect.stringContaining(text)]);
  });
});
