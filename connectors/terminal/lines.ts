import { fit, safe } from './text.ts';

/** The colours used from the terminal's palette of sixteen; `grey` is for secondary text. */
export type Colour = 'green' | 'red' | 'yellow' | 'cyan' | 'grey';

export interface Style {
  readonly colour?: Colour;
  readonly bold?: boolean;
}

/** A styled part of a line. Its text has one column per character and no control characters. */
export interface Span {
  readonly text: string;
  readonly style: Style;
}

export type Line = readonly Span[];

export const plain: Style = {};
export const grey: Style = { colour: 'grey' };
export const strong: Style = { bold: true };

/** Any text as a span; characters that are unsafe on a terminal are replaced. */
export function span(text: string, style: Style = plain): Span {
  return { text: safe(text), style };
}

/** The width of a line, in columns. */
export function widthOf(line: Line): number {
  return line.reduce((sum, { text }) => sum + text.length, 0);
}

/** The line in exactly `width` columns: padded, or truncated with an ellipsis. */
export function fitLine(line: Line, width: number): Line {
  const missing = width - widthOf(line);
  if (missing === 0) return line;
  if (missing > 0) return [...line, span(' '.repeat(missing))];
  const kept: Span[] = [];
  let room = width;
  for (const { text, style } of line) {
    // A span that ends at the last column needs the ellipsis too, because the spans after it are dropped.
    const isLast = text.length >= room;
    kept.push({ text: isLast ? fit(`${text} `, room) : text, style });
    room -= text.length;
    if (isLast) break;
  }
  return kept;
}

/** Two parts at the ends of a line; the right one is left out when there is no room for both. */
export function ends(left: Line, right: Line, width: number): Line {
  const gap = width - widthOf(left) - widthOf(right);
  if (gap < 2) return fitLine(left, width);
  return [...left, span(' '.repeat(gap)), ...right];
}

/** A horizontal rule of `width` columns, with an optional title. */
export function rule(width: number, title: Line = []): Line {
  if (title.length === 0) return [span('─'.repeat(Math.max(0, width)), grey)];
  const start: Line = [span('── ', grey), ...title, span(' ')];
  return fitLine([...start, span('─'.repeat(Math.max(0, width - widthOf(start))), grey)], width);
}

/** Two blocks side by side, the left one `leftWidth` columns wide, `gap` columns between them. */
export function beside(
  left: readonly Line[],
  right: readonly Line[],
  { width, leftWidth, gap }: { readonly width: number; readonly leftWidth: number; readonly gap: number },
): readonly Line[] {
  const rightWidth = width - leftWidth - gap;
  return Array.from({ length: Math.max(left.length, right.length) }, (_, row) => [
    ...fitLine(left[row] ?? [], leftWidth),
    span(' '.repeat(gap)),
    ...fitLine(right[row] ?? [], rightWidth),
  ]);
}

/** Exactly `height` lines: padded with empty ones, or truncated. */
export function fitHeight(lines: readonly Line[], height: number): readonly Line[] {
  return Array.from({ length: Math.max(0, height) }, (_, row) => lines[row] ?? []);
}
