import { parseJson } from '../../../kit/json.ts';
import type { Row } from '../../../kit/row.ts';
import type { TapeEntry } from '../../../simulate/tape.ts';
import { type Judgement, shortText } from './judgement.ts';
import { Sequence } from './sequence.ts';
import type { Piece } from './trades.ts';
import type { VwapLines } from './vwap.ts';

/** How far an average may be from the exact one, in comparison with it: one or two units in the last place. */
const tolerance = 1e-12;

/** Every trade has to be a line with the average of its symbol, in the order of the log; after a fault lines may come again. */
export class Lines {
  readonly #branch: string;
  readonly #lines: VwapLines;
  readonly #expected = new Map<unknown, Row[]>();
  #count = 0;

  constructor(branch: string, lines: VwapLines) {
    this.#branch = branch;
    this.#lines = lines;
  }

  take(piece: Piece): void {
    const line = this.#lines.next(piece);
    const symbol = line[this.#lines.by];
    const own = this.#expected.get(symbol);
    if (own) own.push(line);
    else this.#expected.set(symbol, [line]);
    this.#count++;
  }

  /** @param got what was stored, in order, as JSON */
  judgement(got: Iterable<TapeEntry>, mayRepeat: boolean): Judgement {
    const [branch, expected] = [this.#branch, this.#expected];
    const sequences = new Map<unknown, Sequence<Row>>();
    const sequenceOf = (symbol: unknown) => {
      const rules = { same: isSame, mayLack: () => false, mayRepeat };
      const sequence = sequences.get(symbol) ?? new Sequence<Row>(expected.get(symbol) ?? [], rules);
      sequences.set(symbol, sequence);
      return sequence;
    };
    for (const symbol of expected.keys()) sequenceOf(symbol);
    for (const { content } of got) {
      const line = parseJson('text' in content ? content.text : 'null') as Row;
      sequenceOf(line[this.#lines.by]).take(line);
    }
    const violations = [...sequences.values()].flatMap((sequence) =>
      sequence.end().map(({ kind, value }) => ({
        kind: `${branch}: lines are ${kind}`,
        text: `${branch}: a line is ${kind === 'foreign' ? 'wrong' : kind}: ${shortText(value)}`,
      })),
    );
    return {
      ...{ branch, what: 'lines with the VWAP of their symbol', expected: this.#count, violations },
      ...(!mayRepeat && expected.size === 1 && { content: () => [...expected.values()].flat() }),
    };
  }
}

function isSame(expected: Row, got: unknown): boolean {
  for (const name in expected) {
    const [value, other] = [expected[name], (got as Row)[name]];
    if (value === other) continue;
    if (typeof value !== 'number' || typeof other !== 'number') return false;
    if (Math.abs(value - other) > tolerance * Math.abs(value)) return false;
  }
  return true;
}
