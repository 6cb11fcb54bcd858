import type { Row } from '../../../kit/row.ts';
import { grouped } from './grouped.ts';
import { type Judgement, shortText } from './judgement.ts';
import { sequenceFaults } from './sequence.ts';
import type { Piece } from './trades.ts';
import type { VwapLines } from './vwap.ts';

/** How far an average may be from the exact one, in comparison with it: one or two units in the last place. */
const tolerance = 1e-12;

/** Every trade has to be a line with the average of its symbol, in the order of the log; after a fault lines may come again. */
export function judgeLines(
  branch: string,
  { by, lines }: VwapLines,
  {
    pieces,
    got,
    mayRepeat,
  }: { readonly pieces: readonly Piece[]; readonly got: readonly unknown[]; readonly mayRepeat: boolean },
): Judgement {
  const all = lines(pieces);
  const expected = grouped(all, (line) => line[by]);
  const given = grouped(got as readonly Row[], (line) => line[by]);
  const violations = [...new Set([...expected.keys(), ...given.keys()])].flatMap((symbol) =>
    sequenceFaults<Row>(expected.get(symbol) ?? [], given.get(symbol) ?? [], {
      same: isSame,
      mayLack: () => false,
      mayRepeat,
    }).map(({ kind, value }) => ({
      kind: `${branch}: lines are ${kind}`,
      text: `${branch}: a line is ${kind === 'foreign' ? 'wrong' : kind}: ${shortText(value)}`,
    })),
  );
  return {
    ...{ branch, what: 'lines with the VWAP of their symbol', expected: all.length, violations },
    ...(!mayRepeat && expected.size === 1 && { content: () => all }),
  };
}

function isSame(expected: Row, got: unknown): boolean {
  return Object.entries(expected).every(([name, value]) => {
    const other = (got as Row)[name];
    if (typeof value !== 'number' || typeof other !== 'number') return value === other;
    return Math.abs(value - other) <= tolerance * Math.abs(value);
  });
}
