/** Width and height of a character, px. */
const letter = { width: 8.4, height: 18 };
const margin = 14;
const ground = '#0d1117';
const ink = '#d0d7de';
/** The sixteen colours of a terminal. */
const basic = [
  ...['#2d333b', '#ff7b72', '#56d364', '#e3b341', '#79b8ff', '#d2a8ff', '#56d4dd', '#c9d1d9'],
  ...['#6e7681', '#ffa198', '#7ee787', '#f2cc60', '#a5d6ff', '#e2c5ff', '#8de5ec', '#ffffff'],
] as const;

interface Style {
  readonly ink?: string | undefined;
  readonly ground?: string | undefined;
  readonly isBold?: boolean;
  readonly isDim?: boolean;
  readonly isReverse?: boolean;
}

interface Run {
  readonly text: string;
  readonly column: number;
  readonly style: Style;
}

/** Renders the content of a terminal, given as text with escape sequences for colours, as an SVG image. */
export function terminalPicture(screen: string): string {
  const lines = screen.replace(/\n$/, '').split('\n');
  let style: Style = {};
  const rows = lines.map((line) => {
    const { runs, last } = runsOf(line, style);
    style = last;
    return runs;
  });
  const columns = Math.max(...rows.flatMap((runs) => runs.map(({ column, text }) => column + [...text].length)));
  const width = Math.ceil(columns * letter.width + 2 * margin);
  const height = lines.length * letter.height + 2 * margin;
  const body = rows.flatMap((runs, row) => runs.map((run) => drawn(run, row)));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="DejaVu Sans Mono, monospace" font-size="14">`,
    `<rect width="${width}" height="${height}" rx="10" fill="${ground}"/>`,
    ...body,
    '</svg>',
  ].join('\n');
}

function runsOf(line: string, before: Style): { readonly runs: readonly Run[]; readonly last: Style } {
  const runs: Run[] = [];
  let [style, column] = [before, 0];
  const start = String.fromCodePoint(27);
  for (const [index, part] of line.split(`${start}[`).entries()) {
    const [, codes = '', text = ''] = index === 0 ? ['', '', part] : (/^([\d;]*)m(.*)$/s.exec(part) ?? ['', '', '']);
    if (index > 0) style = styled(style, codes === '' ? [0] : codes.split(';').map(Number));
    if (text !== '') runs.push({ text, column, style });
    column += [...text].length;
  }
  return { runs, last: style };
}

function styled(before: Style, [code, ...rest]: readonly number[]): Style {
  if (code === undefined) return before;
  if (code === 38 || code === 48) {
    const isNamed = rest[0] === 5;
    const colour = isNamed ? paletteColour(rest[1] ?? 0) : `rgb(${rest.slice(1, 4).join(' ')})`;
    return styled({ ...before, [code === 38 ? 'ink' : 'ground']: colour }, rest.slice(isNamed ? 2 : 4));
  }
  return styled(simple(before, code), rest);
}

function simple(before: Style, code: number): Style {
  if (code === 0) return {};
  if (code === 1) return { ...before, isBold: true };
  if (code === 2) return { ...before, isDim: true };
  if (code === 7) return { ...before, isReverse: true };
  if (code === 22) return { ...before, isBold: false, isDim: false };
  if (code === 27) return { ...before, isReverse: false };
  if (code === 39) return { ...before, ink: undefined };
  if (code === 49) return { ...before, ground: undefined };
  if (code >= 30 && code <= 37) return { ...before, ink: basic[code - 30] };
  if (code >= 90 && code <= 97) return { ...before, ink: basic[code - 82] };
  if (code >= 40 && code <= 47) return { ...before, ground: basic[code - 40] };
  if (code >= 100 && code <= 107) return { ...before, ground: basic[code - 92] };
  return before;
}

/** One of 256 colours: sixteen named ones, a colour cube with six steps per channel, and greys. */
function paletteColour(index: number): string {
  if (index < 16) return basic[index] ?? ink;
  if (index >= 232) return `rgb(${[0, 0, 0].map(() => 8 + (index - 232) * 10).join(' ')})`;
  const step = (index: number) => (index === 0 ? 0 : 55 + 40 * index);
  const cube = index - 16;
  return `rgb(${[Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map(step).join(' ')})`;
}

function drawn({ text, column, style }: Run, row: number): string {
  const letters = [...text];
  const [x, y] = [margin + column * letter.width, margin + row * letter.height];
  const [front, back] = style.isReverse ? [style.ground ?? ground, style.ink ?? ink] : [style.ink ?? ink, style.ground];
  const box = `<rect x="${x}" y="${y}" width="${letters.length * letter.width}" height="${letter.height}" fill="${back}"/>`;
  const positions = letters.map((_letter, index) => (x + index * letter.width).toFixed(1)).join(' ');
  const attributes = `fill="${front}"${style.isBold ? ' font-weight="700"' : ''}${style.isDim ? ' opacity="0.65"' : ''}`;
  const shown =
    text.trim() === ''
      ? ''
      : `<text xml:space="preserve" x="${positions}" y="${y + 13.5}" ${attributes}>${escaped(text)}</text>`;
  return `${back ? box : ''}${shown}`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
