/** Text as lines of at most `width` characters, broken at spaces; longer words are split. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text
    .split(/\s+/)
    .filter((word) => word !== '')
    .flatMap((word) => pieces(word, width))) {
    if (line === '') line = word;
    else if (line.length + 1 + word.length <= width) line += ` ${word}`;
    else {
      lines.push(line);
      line = word;
    }
  }
  return line === '' ? lines : [...lines, line];
}

/** Rows with their columns aligned; the last column wraps within `width`, under itself. No trailing spaces. */
export function table(rows: readonly (readonly string[])[], width: number): readonly string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length - 1));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.flatMap((row) => {
    const before = row
      .slice(0, -1)
      .map((cell, column) => `${cell.padEnd(widths[column] ?? 0)}  `)
      .join('');
    const [first = '', ...more] = wrap(row.at(-1) ?? '', Math.max(20, width - before.length));
    return [before + first, ...more.map((line) => ' '.repeat(before.length) + line)].map((line) => line.trimEnd());
  });
}

/** Indented lines; empty ones stay empty. */
export function indented(lines: readonly string[], by = 2): readonly string[] {
  return lines.map((line) => (line === '' ? line : ' '.repeat(by) + line));
}

function pieces(word: string, width: number): readonly string[] {
  return word.match(new RegExp(`.{1,${width}}`, 'gu')) ?? [];
}
