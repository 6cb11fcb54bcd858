import type { Bar } from '../../src/kit/bar.ts';
import type { PriceRange } from './axis.ts';
import { rowOf } from './axis.ts';
import { plain, type Span, type Style, span } from './lines.ts';

/** Characters for the cells of a candle, by whether the body covers both halves of the cell or only one. */
interface BodyGlyphs {
  readonly both: string;
  readonly upper: string;
  readonly lower: string;
}

/** Falling bars are filled and rising ones hollow, so that they differ without colours too. */
const filled: BodyGlyphs = { both: '█', upper: '▀', lower: '▄' };
const hollow: BodyGlyphs = { both: '║', upper: '╨', lower: '╥' };
const wick: BodyGlyphs = { both: '│', upper: '╵', lower: '╷' };

/** One column of `rows` cells, from the top: body and wicks of a bar, with half a cell's precision. */
export function candleCells(bar: Bar, range: PriceRange, rows: number): readonly string[] {
  const half = (price: number) => rowOf(price, range, rows * 2);
  const [top, bottom] = [half(bar.high), half(bar.low)];
  const [bodyTop, bodyBottom] = [half(Math.max(bar.open, bar.close)), half(Math.min(bar.open, bar.close))];
  const isFlat = bar.open === bar.close;
  const body = bar.close > bar.open ? hollow : filled;
  return Array.from({ length: rows }, (_, row) => {
    const within = (from: number, to: number) => [row * 2, row * 2 + 1].map((at) => at >= from && at <= to);
    if (isFlat && within(bodyTop, bodyTop).includes(true)) return flat(top < bodyTop, bottom > bodyTop);
    return glyph(body, within(bodyTop, bodyBottom)) ?? glyph(wick, within(top, bottom)) ?? ' ';
  });
}

function glyph({ both, upper, lower }: BodyGlyphs, [isUpper, isLower]: readonly boolean[]): string | undefined {
  if (isUpper) return isLower ? both : upper;
  return isLower ? lower : undefined;
}

/** The cell of a bar that closed where it opened, by whether a wick goes up or down from it. */
function flat(isAbove: boolean, isBelow: boolean): string {
  if (isAbove) return isBelow ? '┼' : '┴';
  return isBelow ? '┬' : '─';
}

/** Rising green, falling red. */
export function candleStyle({ open, close }: Bar): Style {
  if (open === close) return plain;
  return { colour: close > open ? 'green' : 'red' };
}

const eighths = '▁▂▃▄▅▆▇█';

/** One column of `rows` cells, from the top: a bar of height `volume / most`, at least an eighth of a cell. */
export function volumeCells(volume: number | undefined, most: number, rows: number): readonly string[] {
  if (volume === undefined) return column(rows, (row) => (row === rows - 1 ? '·' : ' '));
  const part = most > 0 ? Math.min(1, Math.max(0, volume / most)) : 0;
  const height = volume > 0 ? Math.max(1, Math.round(part * rows * 8)) : 0;
  return column(rows, (row) => {
    const here = height - (rows - 1 - row) * 8;
    return here <= 0 ? ' ' : (eighths[Math.min(8, here) - 1] ?? ' ');
  });
}

function column(rows: number, cell: (row: number) => string): readonly string[] {
  return Array.from({ length: rows }, (_, row) => cell(row));
}

/** Columns of cells as lines, each column in its style, with `gap` spaces before each. */
export function columnsAsLines(
  columns: readonly { readonly cells: readonly string[]; readonly style: Style }[],
  rows: number,
  gap: number,
): readonly (readonly Span[])[] {
  return Array.from({ length: rows }, (_, row) => {
    const spans: { text: string; style: Style }[] = [];
    for (const { cells, style } of columns) {
      const cell = cells[row] ?? ' ';
      const text = `${' '.repeat(gap)}${cell}`;
      const before = spans.at(-1);
      // A blank cell needs no style of its own.
      if (before && (before.style.colour === style.colour || cell === ' ')) before.text += text;
      else spans.push({ text, style });
    }
    return spans.map(({ text, style }) => span(text, style));
  });
}
