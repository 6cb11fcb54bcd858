import type { SymbolLine } from './market.ts';

/** The search is offered from this number of symbols on. */
export const searchFrom = 13;

/** The lines whose names contain all words of a text; those that begin with it first, otherwise in the given order. */
export function matching(lines: readonly SymbolLine[], text: string): readonly SymbolLine[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const [first] = words;
  if (first === undefined) return lines;
  const found = lines.filter(({ symbol }) => words.every((word) => symbol.toLowerCase().includes(word)));
  const begins = ({ symbol }: SymbolLine) =>
    symbol
      .toLowerCase()
      .split(/[:/_.-]/)
      .some((part) => part.startsWith(first));
  return [...found.filter(begins), ...found.filter((line) => !begins(line))];
}
