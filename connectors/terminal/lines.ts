import { fit, safe } from './text.ts';

/** The colours that are used of the terminal's own palette of sixteen; `grey` is for what is less important. */
export type Colour = 'green' | 'red' | 'yellow' | 'cyan' | 'grey';

export interface Style {
  readonly colour?: Colour;
  readonly bold?: boolean;
}

/** A piece of a line. Its text holds one column a character, and nothing that steers a terminal. */
export interface Span {
  readonly text: string;
  readonly style: Style;
}

export type Line = readonly Span[];

export const plain: Style = {};
export const grey: Style = { colour: 'grey' };
export const strong: Style = { bold: true };

/** Text from anywhere as a span. */
export function span(text: string, style: Style = plain): Span {
  return { text: safe(text), style };
}

/** Columns of a line. */
export function widthOf(line: Line): number {
  return line.reduce((sum, { text }) => sum + text.length, 0);
}

/** Exactly `width` columns of a line: padded, or cut with an ellipsis. */
export function fitLine(line: Line, width: number): Line {
  const missing = width - widthOf(line);
  if (missing === 0) return line;
  if (missing > 0) return [...line, span(' '.repeat(missing))];
  const kept: Span[] = [];
  let room = width;
  for (const { text, style } of line) {
    // What was cut exactly at the end of a span must show it too: the next one gets the last column.
    const isLast = text.length >= room;
    kept.push({ text: isLast ? fit(`${text} `, room) : text, style });
    room -= text.length;
    if (isLast) break;
  }
  return kept;
}

/** Two parts at both ends of a line; the right one gives way, as a whole, when there is no room for both. */
export function ends(left: Line, right: Line, width: number): Line {
  const gap = width - widthOf(left) - widthOf(right);
  if (gap < 2) return fitLine(left, width);
  return [...left, span(' '.repeat(gap)), ...right];
}

/** A rule over the whole width, with a title in it. */
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

/** Exactly `height` lines: empty ones added, or the last left out. */
export function fitHeight(lines: readonly Line[], height: number): readonly Line[] {
  return Array.from({ length: Math.max(0, height) }, (_, row) => lines[row] ?? []);
}
