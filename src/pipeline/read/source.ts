/** A file as it was read. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
  /** Its index among the files of the pipeline: problems are sorted by it. */
  readonly order: number;
  /** Offset at which each line begins. */
  readonly lines: readonly number[];
}

/** A range of a file's text: the origin of a value. */
export interface SourceRange {
  readonly file: SourceFile;
  readonly start: number;
  readonly end: number;
}

/** A position for people: line and column count from 1, in UTF-16 units. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The line of the file, at most `excerptLength` of it. */
  readonly excerpt: string;
  /** Where the value begins in the excerpt, from 0, and how much of it is to be underlined. */
  readonly underline: { readonly from: number; readonly length: number };
}

const excerptLength = 160;

export function sourceFile(path: string, text: string, order: number): SourceFile {
  const lines = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines.push(at + 1);
  return { path, text, order, lines };
}

/** The first character of a file: for problems of the whole file. */
export function beginOf(file: SourceFile): SourceRange {
  return { file, start: 0, end: 0 };
}

/** Line and column of a range's start, both from 1. */
export function lineAndColumn({ file, start }: SourceRange): { readonly line: number; readonly column: number } {
  let low = 0;
  let high = file.lines.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((file.lines[middle] ?? 0) <= start) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: start - (file.lines[low] ?? 0) + 1 };
}

/** The position of a range, with an excerpt of its line; `shown` is the file's text without secrets. */
export function positionOf(range: SourceRange, shown: string): Position {
  const { line, column } = lineAndColumn(range);
  const begin = range.file.lines[line - 1] ?? 0;
  const next = range.file.lines[line];
  const whole = shown.slice(begin, next === undefined ? undefined : next - 1).replace(/\r$/, '');
  const room = Math.max(1, whole.trimEnd().length - column + 1);
  const skipped = whole.length > excerptLength ? Math.max(0, column - 1 - excerptLength / 4) : 0;
  const excerpt = whole.slice(skipped, skipped + excerptLength);
  const from = Math.min(column - 1 - skipped, excerpt.length);
  const length = Math.max(1, Math.min(range.end - range.start, room, excerpt.length - from));
  return { file: range.file.path, line, column, excerpt, underline: { from, length } };
}
