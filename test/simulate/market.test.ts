import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readCalendar } from '../../operators/support/calendar-file.ts';
import { Market, type MarketOptions } from '../../src/simulate/market/market.ts';
import type { TapeEntry } from '../../src/simulate/tape.ts';

const calendar = readCalendar('XNYS');
const open = Date.UTC(2025, 10, 20, 14, 30);
const hourMs = 3_600_000;

function marketOf(options: Partial<MarketOptions> = {}) {
  const market = new Market({
    ...{ seed: 1, symbols: ['A', 'B', 'C'], tradesPerSecond: 5, startMs: open, lengthMs: hourMs, feed: 'feed' },
    sessionAt: (time) => calendar.session(time),
    ...options,
  });
  return { market, tape: [...market.tape()] };
}

interface Trade {
  readonly s: string;
  readonly t: number;
  readonly p: number;
}

const envelopeOf = ({ content }: TapeEntry) =>
  ('value' in content ? content.value : {}) as {
    readonly type?: string;
    readonly data?: readonly Trade[];
    readonly gap?: object;
  };
const tradesOf = (tape: readonly TapeEntry[]) =>
  tape.flatMap((entry) => (envelopeOf(entry).data ?? []).map((trade) => ({ ...trade, atMs: entry.atMs })));

describe('the simulated market', () => {
  it('is the same for the same seed, and in the order of time', () => {
    const { tape } = marketOf();
    expect(marketOf().tape).toEqual(tape);
    expect(marketOf({ seed: 2 }).tape).not.toEqual(tape);
    expect(tape.map(({ atMs }) => atMs)).toEqual(tape.map(({ atMs }) => atMs).sort((one, other) => one - other));
  });

  it('is the same on every Node.js', () => {
    const digest = createHash('sha256').update(JSON.stringify(marketOf().tape));
    expect(digest.digest('hex').slice(0, 16)).toBe('a535bc27ce824b41');
  });

  it('has about the trades of its rate, more of them at its begin and end', () => {
    const { market, tape } = marketOf();
    const { trades, missed } = market.facts;
    expect((trades + missed) / (5 * 3600)).toBeGreaterThan(0.9);
    expect((trades + missed) / (5 * 3600)).toBeLessThan(1.1);
    const within = (from: number, to: number) =>
      tradesOf(tape).filter(({ atMs }) => atMs >= from * hourMs && atMs < to * hourMs).length;
    expect(within(0, 0.05)).toBeGreaterThan(1.5 * within(0.3, 0.35));
  });

  it('is silent while the market is closed', () => {
    const { tape } = marketOf({ startMs: open + 6 * hourMs, lengthMs: 17 * hourMs, tradesPerSecond: 1 });
    const closed = tradesOf(tape).filter(({ atMs }) => calendar.session(open + 6 * hourMs + atMs).kind === 'closed');
    expect(closed).toEqual([]);
    expect(tradesOf(tape).some(({ atMs }) => atMs > 13 * hourMs)).toBe(true);
  });

  it('has late trades, trades that come twice, broken ones, and frames that are no JSON', () => {
    const { market, tape } = marketOf({ tradesPerSecond: 20 });
    const trades = tradesOf(tape);
    const late = trades.filter(({ t, atMs }) => open + atMs - t > 10_000);
    expect(late.length / trades.length).toBeGreaterThan(0.003);
    expect(trades.filter(({ p }) => p === 1e15).length).toBeGreaterThan(0);
    const texts = trades.map((trade) => JSON.stringify([trade.s, trade.t, trade.p]));
    expect(texts.length - new Set(texts).size).toBeGreaterThanOrEqual(market.facts.doubled / 2);
    expect(market.facts.doubled).toBeGreaterThan(0);
    expect(tape.some(({ content }) => 'text' in content)).toBe(true);
  });

  it('tells of each absence when it begins and when it ends, and gives nothing meanwhile', () => {
    const { market, tape } = marketOf();
    const away = market.facts.incidents.filter(({ kind }) => kind === 'away');
    expect(away).toHaveLength(2);
    for (const { fromMs, toMs } of away) {
      const during = tape.filter(({ atMs }) => atMs > fromMs && atMs < toMs);
      expect(during).toEqual([]);
      const gaps = tape.filter((entry) => envelopeOf(entry).gap);
      for (const symbol of ['A', 'B', 'C']) {
        const own = gaps.filter(({ key }) => key === symbol).map((entry) => envelopeOf(entry).gap);
        expect(own).toContainEqual(expect.objectContaining({ from: open + fromMs, to: open + toMs, symbol }));
      }
    }
  });

  it('has no trade of a symbol that is halted but one that comes again', () => {
    const { market, tape } = marketOf();
    const halts = market.facts.incidents.filter(({ kind }) => kind === 'halt');
    expect(halts.length).toBeGreaterThan(0);
    for (const { symbol, fromMs, toMs } of halts) {
      const during = tradesOf(tape).filter(({ s, atMs }) => s === symbol && atMs > fromMs + 60_000 && atMs < toMs);
      const before = new Set(
        tradesOf(tape)
          .filter(({ atMs }) => atMs <= fromMs + 60_000)
          .map(({ s, t, p }) => `${s} ${t} ${p}`),
      );
      for (const { s, t, p } of during) expect(before).toContain(`${s} ${t} ${p}`);
    }
  });
});
