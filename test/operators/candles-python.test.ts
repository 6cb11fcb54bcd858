import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { candles } from '../../operators/candles.ts';
import { seededChance } from '../../src/kit/chance.ts';
import type { Row } from '../../src/kit/row.ts';
import { candleTable, memoryWorld, sqliteWorld } from '../support/contracts/candle-tables.ts';
import { TestTable } from '../support/contracts/table-harness.ts';
import { runOperators } from '../support/engine/operators.ts';
import { operator } from './declared.ts';

const read = (name: string): readonly Row[] => {
  const text = readFileSync(`test/operators/fixtures/${name}.ndjson`, 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
};

const lengths = '[1m, 5m, 1h, 1d]';
const step = operator(candles, `{ every: ${lengths}, store: ${lengths}, calendar: XNYS, session: extended }`);
const chance = seededChance(7);
/** Trades of one symbol and time keep their order: of those the log decides. */
const sorted = (trades: readonly Row[], rank: (time: number) => number) =>
  trades.toSorted((one, other) => rank(Number(one['time'])) - rank(Number(other['time'])));
const ranks = new Map<number, number>();
const shuffled = (time: number) => {
  if (!ranks.has(time)) ranks.set(time, chance.next());
  return ranks.get(time) ?? 0;
};

it.each([
  ['as it was recorded', () => 0],
  ['from its end', (time: number) => -time],
  ['in no order', shuffled],
] as const)(
  'the bars of a tape, read %s, in pieces, twice, by one that is cut off, are those of fixtures/bars.py',
  async (_order, rank) => {
    const { out, context } = await runOperators([step], sorted(read('trades'), rank));
    expect(context.rejections).toEqual([]);
    for (const world of [memoryWorld(), sqliteWorld()]) {
      let table = await TestTable.open(world, candleTable, 'merges');
      for (let from = 0; from < out.length; from += 70) {
        await table.write(out.slice(Math.max(0, from - 40), from + 70));
        await table.close();
        table = await TestTable.open(world, candleTable, 'merges');
      }
      const rows = await table.find();
      const name = ({ symbol, interval, start }: Row) => `${symbol} ${interval} ${start}`;
      const byName = (found: readonly Row[]) => Object.fromEntries(found.map((row) => [name(row), row]));
      const empty = { open: null, high: null, low: null, close: null };
      const bars = rows.map(({ _id, key: _, ...row }) => ({ ...empty, ...row }));
      expect(byName(bars)).toEqual(byName(read('bars')));
      await table.close();
      await world.dispose();
    }
  },
);
