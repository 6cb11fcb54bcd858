import { fitLine, grey, type Line, plain, type Span, type Style, span, strong } from './lines.ts';
import { distinctWidth, fit, fitName } from './text.ts';

/** A column of a table. Without `width` it is as wide as its longest cell. */
export interface Column<R> {
  readonly head: string;
  readonly align: 'left' | 'right';
  /** When there is no room, the columns with the highest number are dropped first. */
  readonly drop: number;
  /** Maximum width. */
  readonly most?: number;
  /** Names are shortened in the middle where room is short, down to this width, but never so far that two become equal. */
  readonly least?: number;
  /** Minimum width of a column that takes the remaining width, up to `most`. */
  readonly stretch?: number;
  /** Text and style; `width` is that of a stretched column, 0 for the others. */
  cell(row: R, width: number): Cell;
}

export interface Cell {
  readonly text: string;
  readonly style?: Style;
}

interface TableOptions<R> {
  readonly width: number;
  /** The head of the column that the rows are sorted by. */
  readonly sorted?: string;
  /** Replaces the style of every cell of the row. */
  rowStyle?(row: R): Style | undefined;
  /** Adds to the style of every cell of the row. */
  isStrong?(row: R): boolean;
}

const gap = 2;

/** The header and the rows, all exactly `width` columns wide; columns that don't fit are left out by `drop`. */
export function table<R>(columns: readonly Column<R>[], rows: readonly R[], options: TableOptions<R>): readonly Line[] {
  const { kept, widths } = fitting(columns, rows, options.width);
  const spare = Math.max(0, options.width - total(kept, widths));
  const widthOf = (column: Column<R>) => {
    const width = widths.get(column) ?? 0;
    return column.stretch === undefined ? width : Math.min(column.most ?? Number.MAX_SAFE_INTEGER, width + spare);
  };
  const line = (cellOf: (column: Column<R>, width: number) => Span): Line =>
    fitLine(
      kept.flatMap((column, index) => [...(index > 0 ? [span('  ')] : []), cellOf(column, widthOf(column))]),
      options.width,
    );
  const head = line(({ head, align }, width) =>
    span(fit(head, width, align), head === options.sorted ? { ...grey, bold: true } : grey),
  );
  const body = rows.map((row) =>
    line((column, width) => {
      const { text, style = plain } = column.cell(row, column.stretch === undefined ? 0 : width);
      const shown = options.rowStyle?.(row) ?? style;
      const safeText = span(text).text;
      const named = column.least === undefined ? safeText : fitName(safeText, width);
      return span(fit(named, width, column.align), options.isStrong?.(row) ? { ...shown, ...strong } : shown);
    }),
  );
  return [head, ...body];
}

function naturalWidth<R>(column: Column<R>, rows: readonly R[]): number {
  if (column.stretch !== undefined) return column.stretch;
  const widest = rows.reduce((most, row) => Math.max(most, span(column.cell(row, 0).text).text.length), 0);
  return Math.max(column.head.length, Math.min(column.most ?? Number.MAX_SAFE_INTEGER, widest));
}

type Widths<R> = ReadonlyMap<Column<R>, number>;

function total<R>(columns: readonly Column<R>[], widths: Widths<R>): number {
  return columns.reduce((sum, column) => sum + (widths.get(column) ?? 0) + gap, -gap);
}

/** The columns that fit, with their widths: first names are shortened, then columns dropped, then names again. */
function fitting<R>(columns: readonly Column<R>[], rows: readonly R[], width: number) {
  const widths = new Map(columns.map((column) => [column, naturalWidth(column, rows)]));
  const narrow = (column: Column<R>, least: number) => {
    const own = widths.get(column) ?? 0;
    widths.set(column, Math.max(Math.min(own, least), own - Math.max(0, total(kept, widths) - width)));
  };
  let kept = [...columns];
  // Sparklines are dropped first: whole names are worth more.
  if (total(kept, widths) > width) kept = kept.filter(({ stretch }) => stretch === undefined);
  for (;;) {
    for (const column of kept) if (column.least !== undefined) narrow(column, distinct(column, rows, column.least));
    const first = Math.max(...kept.map(({ drop }) => drop));
    if (total(kept, widths) <= width || kept.every(({ drop }) => drop === first)) break;
    kept = kept.filter(({ drop }) => drop !== first);
    // Without these columns there may be room for whole names.
    for (const column of kept) widths.set(column, naturalWidth(column, rows));
  }
  for (const column of kept) if (column.least !== undefined) narrow(column, shortestName);
  return { kept, widths };
}

const shortestName = 3;

function distinct<R>(column: Column<R>, rows: readonly R[], least: number): number {
  const texts = rows.map((row) => span(column.cell(row, 0).text).text);
  return Math.max(column.head.length, distinctWidth(texts, least));
}
