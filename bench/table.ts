import { cpus } from 'node:os';
import { type Range, type Row, rangeOf, ratioOf, type Sample } from './turns.ts';

const headings = ['path', 'work', 'fdp', 'beside it', 'ratio', 'CPU us', 'CPU ratio', 'MiB', 'servers CPU us'];

/** The rows as one table of Markdown, sides as `ours | theirs`: median (lowest - highest). */
export function table(rows: readonly Row[]): string {
  const lines = rows.flatMap((row) => [mainLine(row), ...timeLines(row)]);
  const widths = headings.map((heading, at) =>
    Math.max(heading.length, ...lines.map((cells) => cells[at]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, at) => (cells[at] ?? '').padEnd(width)).join(' | ')} |`;
  return [line(headings), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...lines.map(line)].join('\n');
}

/** The rows as data, with the place where they were measured. */
export function report(rows: readonly Row[], size: string): object {
  const machine = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version };
  const rates = rows.map((row) => ({ ...row, ratio: ratioOf(row, ({ rate }) => rate) }));
  return { size, machine, rows: rates };
}

function mainLine(row: Row): string[] {
  const of = (samples: readonly Sample[], figure: (sample: Sample) => number | undefined) =>
    rangeOf(samples.map((sample) => figure(sample) ?? Number.NaN));
  const both = (figure: (sample: Sample) => number | undefined) =>
    `${number(of(row.ours, figure).median)} / ${number(of(row.theirs, figure).median)}`;
  return [
    row.path,
    row.work,
    `${range(of(row.ours, ({ rate }) => rate))} ${row.unit}`,
    `${range(of(row.theirs, ({ rate }) => rate))} (${row.beside})`,
    range(ratioOf(row, ({ rate }) => rate)),
    both(({ cpuUs }) => cpuUs),
    range(ratioOf(row, ({ cpuUs }) => cpuUs ?? Number.NaN)),
    both(({ peakMiB }) => peakMiB),
    serverNames(row)
      .map((name) => `${name} ${both(({ servers }) => servers?.[name]?.cpuUs)}`)
      .join(', '),
  ];
}

function serverNames({ ours }: Row): readonly string[] {
  return Object.keys(ours[0]?.servers ?? {});
}

/** Further figures, one line each. */
function timeLines(row: Row): string[][] {
  return Object.keys(row.ours[0]?.times ?? {}).map((name) => {
    const of = (samples: readonly Sample[]) => range(rangeOf(samples.map(({ times }) => times?.[name] ?? Number.NaN)));
    const ratio = range(ratioOf(row, ({ times }) => times?.[name] ?? Number.NaN));
    return [row.path, `${row.work}: ${name}`, of(row.ours), of(row.theirs), ratio];
  });
}

function range({ median, min, max }: Range): string {
  if (Number.isNaN(median)) return '-';
  return min === max ? number(median) : `${number(median)} (${number(min)} - ${number(max)})`;
}

function number(value: number): string {
  if (Number.isNaN(value)) return '-';
  if (value >= 1000) return Math.round(value).toLocaleString('en');
  return value >= 100 ? String(Math.round(value)) : value.toPrecision(3);
}
