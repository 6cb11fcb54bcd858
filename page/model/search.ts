import type { SymbolLine } from './market.ts';

/** From so many symbols on they can be searched. */
export const searchFrom = 13;

/** The lines whose names have all words of a text in them; those that begin with it come first, else the order stays. */
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
