import { fitLine, grey, type Line, plain, type Span, type Style, span, strong } from './lines.ts';
import { fit } from './text.ts';

/** A column of a table. Without `width` it is as wide as its longest cell. */
export interface Column<R> {
  readonly head: string;
  readonly align: 'left' | 'right';
  /** Columns with the highest number go first when there is no room. */
  readonly drop: number;
  /** The widest that it may become. */
  readonly most?: number;
  /** Takes what the others leave, up to `most`; at least as wide as this. */
  readonly stretch?: number;
  /** Text and style; `width` is what a stretched column got, 0 for the others. */
  cell(row: R, width: number): Cell;
}

export interface Cell {
  readonly text: string;
  readonly style?: Style;
}

interface TableOptions<R> {
  readonly width: number;
  /** The column by which it is sorted. */
  readonly sorted?: string;
  /** Replaces the style of every cell of the row. */
  rowStyle?(row: R): Style | undefined;
  /** Adds to the style of every cell of the row. */
  isStrong?(row: R): boolean;
}

const gap = 2;

/** Head and rows, every line exactly `width` columns; columns that have no room are left out, in their order. */
export function table<R>(columns: readonly Column<R>[], rows: readonly R[], options: TableOptions<R>): readonly Line[] {
  const natural = new Map(columns.map((column) => [column, naturalWidth(column, rows)]));
  const kept = fitting(columns, natural, options.width);
  const used = kept.reduce((sum, column) => sum + (natural.get(column) ?? 0) + gap, -gap);
  const spare = Math.max(0, options.width - used);
  const widthOf = (column: Column<R>) => {
    const width = natural.get(column) ?? 0;
    return column.stretch === undefined ? width : Math.min(column.most ?? Number.MAX_SAFE_INTEGER, width + spare);
  };
  const line = (cellOf: (column: Column<R>, width: number) => Span): Line =>
    fitLine(
      kept.flatMap((column, place) => [...(place > 0 ? [span('  ')] : []), cellOf(column, widthOf(column))]),
      options.width,
    );
  const head = line(({ head, align }, width) =>
    span(fit(head, width, align), head === options.sorted ? { ...grey, bold: true } : grey),
  );
  const body = rows.map((row) =>
    line((column, width) => {
      const { text, style = plain } = column.cell(row, column.stretch === undefined ? 0 : width);
      const shown = options.rowStyle?.(row) ?? style;
      return span(fit(span(text).text, width, column.align), options.isStrong?.(row) ? { ...shown, ...strong } : shown);
    }),
  );
  return [head, ...body];
}

function naturalWidth<R>(column: Column<R>, rows: readonly R[]): number {
  if (column.stretch !== undefined) return column.stretch;
  const widest = rows.reduce((most, row) => Math.max(most, span(column.cell(row, 0).text).text.length), 0);
  return Math.max(column.head.length, Math.min(column.most ?? Number.MAX_SAFE_INTEGER, widest));
}

function fitting<R>(columns: readonly Column<R>[], natural: ReadonlyMap<Column<R>, number>, width: number) {
  let kept = [...columns];
  const needed = () => kept.reduce((sum, column) => sum + (natural.get(column) ?? 0) + gap, -gap);
  while (kept.length > 1 && needed() > width) {
    const first = Math.max(...kept.map(({ drop }) => drop));
    kept = kept.filter(({ drop }) => drop !== first);
  }
  return kept;
}
