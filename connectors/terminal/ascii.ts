import type { Curve, Plot } from './chart.ts';
import type { Line, Style } from './lines.ts';
import type { Frame } from './render.ts';

const table: readonly (readonly [signs: string, instead: string])[] = [
  ['─', '-'],
  ['│╷╵', '|'],
  ['└┤├┼┴┬', '+'],
  ['║╥╨', 'O'],
  ['█▀▄▅▆▇', '#'],
  ['▁▂▃·', '.'],
  ['▲↑', '^'],
  ['▼↓', 'v'],
  ['●', '*'],
  ['○', 'o'],
  ['…', '~'],
];
const signs = new Map(table.flatMap(([all, instead]) => [...all].map((sign) => [sign, instead])));

/** A frame in ASCII: each symbol is replaced by an ASCII one, and curves are drawn with characters. */
export function asciiFrame({ lines, plots, wants }: Frame): Frame {
  const cells = lines.map((line) => cellsOf(line));
  for (const plot of plots) for (const curve of plot.curves) draw(cells, plot, curve);
  return { lines: cells.map(lineOf), plots: [], wants };
}

interface Cell {
  readonly text: string;
  readonly style: Style;
}

function cellsOf(line: Line): Cell[] {
  return line.flatMap(({ text, style }) =>
    [...text].map((sign) => ({ text: sign <= '~' ? sign : (signs.get(sign) ?? '?'), style })),
  );
}

/** Draws a curve: the VWAP with dots, the price with stars. Each cell is two dots wide. */
function draw(cells: readonly Cell[][], { left, top }: Plot, { colour, dots }: Curve): void {
  const text = colour === 'yellow' ? '.' : '*';
  for (const [x, y] of dots.entries()) {
    if (y === undefined) continue;
    const row = cells[top + Math.floor(y / 4)];
    const column = left + Math.floor(x / 2);
    if (row && column < row.length) row[column] = { text, style: colour ? { colour } : {} };
  }
}

function lineOf(cells: readonly Cell[]): Line {
  const spans: Cell[] = [];
  for (const { text, style } of cells) {
    const before = spans.at(-1);
    if (before && before.style.colour === style.colour && before.style.bold === style.bold)
      spans[spans.length - 1] = { ...before, text: before.text + text };
    else spans.push({ text, style });
  }
  return spans;
}

/** Values of `TERM` for terminals that don't use Unicode. */
const asciiKind = /^(vt\d+|cons25|ansi)/;

/**
 * True if the terminal can show only ASCII: by `TERM`, or because a locale other than UTF-8 is set (`LC_ALL=C`).
 * Without a locale, as in most containers, Unicode is assumed.
 */
export function isAscii(env: Readonly<Record<string, string | undefined>>): boolean {
  if (asciiKind.test(env['TERM'] ?? '')) return true;
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || 'UTF-8';
  return !/utf-?8/i.test(locale);
}
