import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Row } from '../../../src/kit/row.ts';
import { barsOf, someTrades, type Trade } from './fold-model.ts';
import { ReconcileBench, signal } from './reconcile-bench.ts';
import type { TableWorld } from './table-harness.ts';

const lanes = ['a/t/0', 'a/t/1'];

/** Trades stored by an older processor, later than all others. */
const oldTrades = fc
  .array(fc.record({ symbol: fc.constantFrom('A', 'B', 'D'), price: fc.integer({ min: 1, max: 999 }) }), {
    maxLength: 5,
  })
  .map((given) =>
    given.map(
      ({ symbol, price }, n): Trade => ({
        ...{ symbol, price: String(price), lane: '', offset: -1, index: 0 },
        ...{ time: 100 + n, size: n, turnover: price / 4 },
      }),
    ),
  );

const drift = fc.record({
  trades: fc.integer({ min: 0, max: 30 }),
  high: fc.constantFrom('-5', '1000000000000000', null),
  lastAt: fc.constantFrom(0, 50, 500),
});
const drifts = fc.dictionary(fc.constantFrom('A', 'B', 'C', 'D'), drift, { maxKeys: 3, noNullPrototype: true });
const ranges = fc.constantFrom(1, 2, 100);

/** Test cases of reconciling rows with the messages that they counted, for one kind of table. */
export function reconcileCases(
  create: () => Promise<TableWorld>,
  named: (name: string) => object,
  numRuns: number,
): void {
  const within = async (work: (bench: ReconcileBench) => Promise<void>, more: object = {}) => {
    const world = await create();
    const bench = await ReconcileBench.open(world, named, more);
    try {
      await work(bench);
    } finally {
      await bench.close();
      await world.dispose();
    }
  };

  it('finds exactly the rows that differ, repairs them, and no later count is lost or doubled', async () => {
    const cut = fc.tuple(fc.nat(40), fc.nat(40));
    await fc.assert(
      fc.asyncProperty(
        ...[someTrades, oldTrades, cut, drifts, drifts, ranges],
        async (trades, old, ends, before, after, maxRows) => {
          const isCounted = ({ lane, offset }: Trade) => offset < (ends[lanes.indexOf(lane)] ?? 0);
          const counted = trades.filter(isCounted);
          await within(async (bench) => {
            await bench.store([...old, ...trades]);
            // Rows of an older processor, which counted without marks; our processor continues from there.
            for (const [symbol, values] of Object.entries(before))
              await bench.audits.bars.revise(
                symbol,
                () => ({ values: { symbol, ...values }, marks: {}, states: {} }),
                signal,
              );
            await bench.count(counted);
            for (const [symbol, values] of Object.entries(after)) await bench.spoil(symbol, values);
            const expected = barsOf([...old, ...counted]) as readonly Row[];
            const stored = await bench.rows();
            const differing = symbolsOf(expected, stored);
            const reported = await bench.reconcile({ maxRows });
            expect(bench.found.map(({ key }) => key).sort()).toEqual(differing);
            expect(reported).toMatchObject({ differences: differing.length, left: differing.length });
            expect(await bench.rows()).toEqual(stored);

            expect(await bench.reconcile({ maxRows, repair: true })).toMatchObject({ left: 0 });
            expect(known(await bench.rows())).toEqual(expected);
            expect(await bench.reconcile({ maxRows })).toMatchObject({ differences: 0, left: 0 });
            await bench.count(trades.filter((trade) => !isCounted(trade)));
            // If a row was unknown, so was the highest value that another program had set in it.
            const isKnown = ({ symbol }: Row) =>
              !(String(symbol) in before) || expected.some((row) => row['symbol'] === symbol);
            const all = barsOf([...old, ...trades]) as readonly Row[];
            expect(known(await bench.rows()).filter(isKnown)).toEqual(all.filter(isKnown));
          });
        },
      ),
      { numRuns },
    );
  });

  it('repairs a row that counts more between its comparison and its repair', async () => {
    const trade = (offset: number, time: number): Trade => ({
      ...{ symbol: 'A', lane: lanes[0] ?? '', offset, index: 0, time, size: 1, price: String(offset), turnover: 1 },
    });
    await within(async (bench) => {
      const [before, later] = [
        [trade(0, 5), trade(1, 3)],
        [trade(2, 4), trade(3, 1)],
      ];
      await bench.store(before);
      await bench.count(before);
      await bench.spoil('A', { trades: 9, lastAt: 100, close: 'spoiled' });
      const between = async () => {
        await bench.store(later);
        await bench.count(later);
      };
      expect(await bench.reconcile({ repair: true, between })).toMatchObject({ differences: 1, left: 0 });
      expect(await bench.rows()).toEqual(barsOf([...before, ...later]));
    });
  });

  it('finds no difference in healthy rows while they are written, and repairs spoiled ones meanwhile', async () => {
    await fc.assert(
      fc.asyncProperty(someTrades, drifts, fc.integer({ min: 1, max: 5 }), async (trades, spoiled, length) => {
        await within(async (bench) => {
          const counted = { all: false };
          const work = async (lane: string) => {
            const log = trades.filter((trade) => trade.lane === lane);
            for (let at = 0; at < log.length; at += length) {
              await bench.store(log.slice(at, at + length));
              await bench.count(log.slice(at, at + length));
            }
          };
          const writing = Promise.all(lanes.map(work)).then(() => {
            counted.all = true;
          });
          for (let runs = 0; runs < 3 || !counted.all; runs++) {
            expect(await bench.reconcile({ maxRows: 2 }), JSON.stringify(bench.found)).toMatchObject({
              differences: 0,
            });
            if (runs > 50) break;
          }
          for (const [symbol, values] of Object.entries(spoiled)) await bench.spoil(symbol, values);
          await bench.reconcile({ repair: true });
          await writing;
          expect(await bench.reconcile({ repair: true })).toMatchObject({ left: 0 });
          expect(await bench.rows()).toEqual(barsOf(trades));
          expect(await bench.reconcile()).toMatchObject({ differences: 0, ahead: 0 });
        });
      }),
      { numRuns },
    );
  });
}

/** The symbols whose whole rows differ; a row that is not expected differs only if it has trades. */
function symbolsOf(expected: readonly Row[], stored: readonly Row[]): readonly string[] {
  const right = new Map(expected.map((row) => [String(row['symbol']), row]));
  const rows = new Map(stored.map((row) => [String(row['symbol']), row]));
  const isSame = (symbol: string) => {
    const [want, have] = [right.get(symbol), rows.get(symbol)];
    if (!want) return Number(have?.['trades'] ?? 0) === 0;
    return have !== undefined && Object.keys(want).every((field) => want[field] === have[field]);
  };
  return [...new Set([...right.keys(), ...rows.keys()])].filter((symbol) => !isSame(symbol)).sort();
}

/** Rows that count at least one trade. */
function known(rows: readonly Row[]): readonly Row[] {
  return rows.filter((row) => row['trades'] !== 0);
}
