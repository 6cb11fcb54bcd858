import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mock } from '../../../connectors/mock/index.ts';
import type { Trade } from '../../../connectors/shared/feed/trade.ts';
import { type GapSpan, gapOf } from '../../../src/kit/gap-message.ts';
import type { SourceMessage } from '../../../src/kit/message.ts';
import { nodeSnapshot } from '../../../src/kit/node-stats.ts';
import type { Lane, Source } from '../../../src/kit/source.ts';
import { VirtualClock } from '../../../src/simulate/virtual-clock.ts';
import { roleContext, testEnvironment } from '../../../src/testing/environment.ts';
import { optionsOf } from '../../support/engine/options.ts';

const symbols = ['AAPL', 'MSFT'];
const never = new AbortController().signal;
const start = '2025-11-20T14:30:00Z';
const away = { every: '60s', for: '5s' };

async function market(options: object, clock = new VirtualClock()) {
  const environment = testEnvironment(clock);
  const filled = optionsOf(mock, { symbols, rate: '20/s', seed: 7, ...options });
  const connector = await mock.create(filled, { ...environment, name: 'mock' });
  const context = roleContext(environment);
  const source = connector.source?.({}, context) as Source;
  await source.connect(never);
  const subscribe = () => {
    let lane: Lane | undefined;
    const intake = source.lanes.subscribe((opened) => {
      lane = opened;
    });
    if (!lane) throw new Error('the mock opened no lane');
    return { lane, intake };
  };
  return { clock, source, subscribe, node: context.node };
}

type World = Awaited<ReturnType<typeof market>>;

async function readAll({ clock, subscribe }: World): Promise<SourceMessage[]> {
  const { lane } = subscribe();
  const messages: SourceMessage[] = [];
  for (let reading = await clock.until(lane.read(never)); reading; reading = await clock.until(lane.read(never)))
    messages.push(...reading.messages);
  return messages;
}

function problemsOf(options: object): readonly string[] {
  const problems: string[] = [];
  mock.check?.(optionsOf(mock, { symbols, ...options }), (path, text) => problems.push(`${path.join('.')}: ${text}`));
  return problems;
}

const tradesOf = (messages: readonly SourceMessage[]) =>
  messages.flatMap(({ value }) => (value as { data: readonly Trade[] }).data);
const spansOf = (messages: readonly SourceMessage[]) =>
  messages.map(({ value }) => gapOf(value)).filter((span) => span !== undefined);
const isIn = ({ t }: Trade, { from, to = Number.POSITIVE_INFINITY }: GapSpan) => t >= from && t < to;

describe('a mock market that is away now and then', () => {
  it('misses what is traded then, and has a gap of each symbol that all of it lies in, whatever seed and rate', async () => {
    const lengths = fc.record({ every: fc.integer({ min: 10, max: 20 }), for: fc.integer({ min: 1, max: 9 }) });
    const cases = fc.record({ seed: fc.nat(1000), rate: fc.constantFrom('max', '30/s', '2/s'), lengths });
    await fc.assert(
      fc.asyncProperty(cases, async ({ seed, rate, lengths }) => {
        const options = { seed, rate, start, limit: rate === 'max' ? 50_000 : 1000 };
        const times = { every: `${lengths.every}s`, for: `${lengths.for}s` };
        const whole = tradesOf(await readAll(await market(options)));
        const messages = await readAll(await market({ ...options, away: times }));
        const given = new Map<string, number>();
        for (const trade of tradesOf(messages)) {
          const text = JSON.stringify(trade);
          given.set(text, (given.get(text) ?? 0) + 1);
        }
        const missed = whole.filter((trade) => {
          const text = JSON.stringify(trade);
          const count = given.get(text) ?? 0;
          if (count > 0) given.set(text, count - 1);
          return count === 0;
        });
        expect([...given.values()].every((count) => count === 0)).toBe(true);
        expect(missed.length).toBeGreaterThan(0);
        const spans = spansOf(messages.filter(({ key }) => key === 'AAPL'));
        expect(missed.filter((trade) => !spans.some((span) => isIn(trade, span)))).toEqual([]);
        expect(spansOf(messages.filter(({ key }) => key === 'MSFT'))).toEqual(spans);
      }),
      { numRuns: 10 },
    );
  });

  it('gives the beginning after the last trade before it, and the end before the first trade after it', async () => {
    const messages = await readAll(await market({ start, away, limit: 6000 }));
    const shown = messages
      .filter(({ key }) => key !== 'MSFT')
      .map(({ value }) => {
        const span = gapOf(value);
        return span === undefined ? '.' : span.to === undefined ? '<' : '>';
      })
      .join('');
    expect(shown).toMatch(/^\.+(<>\.+){4,6}$/);
    const open = messages.findIndex(({ value }) => gapOf(value));
    expect(gapOf(messages[open]?.value)).toEqual({
      from: tradesOf(messages.slice(0, open)).at(-1)?.t,
      reason: 'simulated by the option `away`',
      feed: 'mock',
    });
    expect(messages.slice(open, open + 2).map(({ key }) => key)).toEqual(symbols);
  });

  it('is away once in each period, for the length that is asked for, at other moments for another seed', async () => {
    const ends = async (seed: number) =>
      spansOf(await readAll(await market({ seed, start, away, limit: 24_000 })))
        .filter(({ to }) => to !== undefined)
        .filter((_span, index) => index % 2 === 0)
        .map(({ to = 0 }) => to - Date.parse(start));
    const [first, again, other] = [await ends(7), await ends(7), await ends(8)];
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
    const periods = first.map((end) => Math.floor((end - 1) / 60_000));
    expect(periods).toEqual(Array.from({ length: periods.length }, (_, index) => index));
    expect(periods.length).toBeGreaterThanOrEqual(19);
  });

  it('is shown by its node as a feed that tries to come back, and counted while it lasts', async () => {
    const { clock, subscribe, node } = await market({ away: { every: '60s', for: '30s' } });
    const { lane } = subscribe();
    const gapMs = () => nodeSnapshot(node, undefined).extra['gap_ms'] ?? 0;
    while (node.state === 'ok') await clock.until(lane.read(never));
    expect(node).toMatchObject({ state: 'retrying', reason: 'simulated by the option `away`' });
    expect(node.extra).toMatchObject({ gaps: 1, open_gaps: 1 });
    const begun = gapMs();
    const next = lane.read(never);
    await clock.advance(10_000);
    expect(gapMs() - begun).toBeGreaterThan(5000);
    await clock.until(next);
    expect(node.state).toBe('ok');
    expect(node.extra['open_gaps']).toBe(0);
    expect(gapMs()).toBeGreaterThanOrEqual(30_000);
  });

  it('is, in event time that is the clock, away from a stop until the next process runs', async () => {
    const first = await market({ away: { every: '1h', for: '1ms' } });
    const { lane, intake } = first.subscribe();
    const trade = (await first.clock.until(lane.read(never)))?.messages.at(-1);
    intake.unsubscribe();
    const left = (await lane.read(never))?.messages ?? [];
    expect(spansOf(left).map(({ reason, to }) => [reason, to])).toEqual(symbols.map(() => ['stopped', undefined]));
    expect(spansOf(left)[0]?.from).toBe(tradesOf(trade ? [trade] : []).at(-1)?.t);
    expect(await lane.read(never)).toBeUndefined();

    const clock = new VirtualClock(first.clock.now() + 60_000);
    const second = await market({ away: { every: '1h', for: '1ms' } }, clock);
    await second.source.resume?.([{ last: async () => left }], never);
    const again = (await clock.until(second.subscribe().lane.read(never)))?.messages ?? [];
    const ends = spansOf(again).filter(({ to }) => to !== undefined);
    expect(ends).toEqual(spansOf(left).map((span) => ({ ...span, to: first.clock.now() + 60_000 })));
  });

  it('has no gap after a stop where event time has a start of its own: the next process begins there again', async () => {
    const { clock, subscribe, source, node } = await market({ start, away: { every: '1h', for: '1ms' } });
    await source.resume?.(
      [{ last: async () => [{ key: 'AAPL', value: {}, timestamp: 1, meta: { lane: '' } }] }],
      never,
    );
    const { lane, intake } = subscribe();
    expect(spansOf((await clock.until(lane.read(never)))?.messages ?? [])).toEqual([]);
    intake.unsubscribe();
    expect(await lane.read(never)).toBeUndefined();
    expect(node.extra['gaps']).toBeUndefined();
  });

  it('takes no absence that is as long as its period, or has no length', () => {
    const problem = ['away.for: expected at least 1ms, and less than `every`'];
    expect(problemsOf({ away: { every: '10s', for: '10s' } })).toEqual(problem);
    expect(problemsOf({ away: { every: '10s', for: '0s' } })).toEqual(problem);
    expect(problemsOf({ away: { every: '10s', for: '9s' } })).toEqual([]);
  });
});
