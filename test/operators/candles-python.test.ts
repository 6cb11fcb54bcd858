import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { candles } from '../../operators/candles.ts';
import type { Row } from '../../src/kit/row.ts';
import { candleTable, memoryWorld } from '../support/contracts/candle-tables.ts';
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

it('the bars of a tape are those that fixtures/bars.py works out', async () => {
  const lengths = '[1m, 5m, 1h, 1d]';
  const step = operator(candles, `{ every: ${lengths}, store: ${lengths}, calendar: XNYS, session: extended }`);
  const { out, context } = await runOperators([step], read('trades'));
  expect(context.rejections).toEqual([]);
  const world = memoryWorld();
  const table = await TestTable.open(world, candleTable, 'merges');
  for (let from = 0; from < out.length; from += 70) await table.write(out.slice(from, from + 70));
  const rows = await table.find();
  const name = ({ symbol, interval, start }: Row) => `${symbol} ${interval} ${start}`;
  const byName = (found: readonly Row[]) => Object.fromEntries(found.map((row) => [name(row), row]));
  const empty = { open: null, high: null, low: null, close: null };
  const bars = rows.map(({ _id, key: _, ...row }) => ({ ...empty, ...row }));
  expect(byName(bars)).toEqual(byName(read('bars')));
  await table.close();
  await world.dispose();
});
