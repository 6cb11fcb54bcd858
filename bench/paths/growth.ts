import { backlogLabel } from '../market.ts';
import type { Path } from '../path.ts';
import { inTurns, type Row } from '../turns.ts';
import { clusterSides, platform } from './processor-cluster.ts';

/** The processor with many symbols beside six, and two processes beside one. */
export const growth: Path = {
  name: 'growth',
  async measure(bench) {
    const messages = bench.sized({ quick: 20_000, normal: 150_000, full: 1_000_000 });
    const few = { messages, tradesEach: 1, symbols: 6 };
    const six = await clusterSides(bench, few);
    const rows: Row[] = [];
    for (const symbols of bench.sized({ quick: [10_000], normal: [500, 10_000], full: [500, 10_000] })) {
      const many = { ...few, symbols };
      const side = await clusterSides(bench, many);
      const sides = await inTurns(side(platform), six(platform), bench.rounds);
      rows.push({ path: 'growth', work: backlogLabel(many), unit: 'trades/s', beside: '6 symbols', ...sides });
    }
    const sides = await inTurns(six(platform, 2), six(platform), bench.rounds);
    const work = `${backlogLabel(few)}, 2 processes`;
    rows.push({ path: 'growth', work, unit: 'trades/s', beside: '1 process', ...sides });
    return rows;
  },
};
