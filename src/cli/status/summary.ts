import { ageText } from '../../kit/duration-text.ts';
import type { StatusReport, TopologySnapshot } from '../../kit/snapshot.ts';
import { readPerSecond, statusSymbol } from '../../observe/status-line.ts';
import { plain, truncate } from '../../observe/terminal-text.ts';
import { isSame, nameOf, type PageOptions, rangesOf } from './page.ts';

const heads = ['TOPOLOGY', 'STATE', 'READ', 'PER S', 'IN FLIGHT', 'LAG', 'REJECTED', 'PARTITIONS'] as const;
/** Columns if unknown. */
const unwrapped = 1000;
/** The first numeric column, and the first column after the numeric ones. */
const [numbersFrom, numbersTo] = [2, 7];

/** What `fdp status` prints: a line per process, and below it one per topology. Pure. */
export function statusSummary(
  reports: readonly StatusReport[],
  { before, now, width = unwrapped }: PageOptions,
): readonly string[] {
  if (reports.length === 0) return ['no process has reported within the last 10 s'];
  const blocks = reports.map((report) => ({ report, rows: rowsOf(report, before) }));
  const all = [heads, ...blocks.flatMap(({ rows }) => rows.map(({ cells }) => cells))];
  const widths = heads.map((_head, column) => Math.max(...all.map((cells) => cells[column]?.length ?? 0)));
  const used = heads.map((_head, column) => blocks.some(({ rows }) => rows.some(({ cells }) => cells[column] !== '')));
  const lineOf = (cells: readonly string[]) =>
    cells
      .map((cell, column) => {
        const size = widths[column] ?? 0;
        return column >= numbersFrom && column < numbersTo ? cell.padStart(size) : cell.padEnd(size);
      })
      .filter((_cell, column) => used[column])
      .join('  ')
      .trimEnd();
  const lines = blocks.flatMap(({ report, rows }) => [
    processLine(report, now),
    ...rows.flatMap(({ cells, reason }) => [lineOf(cells), ...(reason === undefined ? [] : [`    ! ${reason}`])]),
  ]);
  return [lineOf(heads), ...lines].map((line) => truncate(plain(line), width));
}

function processLine({ process, pipeline, profile }: StatusReport, now: number): string {
  const { version, at, startedAt, ready } = process;
  const what = `${pipeline}${profile ? `, profile ${profile}` : ''}`;
  const facts = [
    ready ? 'ready' : 'not ready',
    `up ${ageText(at - startedAt)}`,
    `seen ${ageText(Math.max(0, now - at))} ago`,
  ];
  return `${nameOf(process)}   ${facts.join(', ')}   fdp ${version}, ${what}`;
}

interface Row {
  readonly cells: readonly string[];
  readonly reason: string | undefined;
}

function rowsOf(report: StatusReport, before: readonly StatusReport[] | undefined): readonly Row[] {
  const earlier = before?.find(({ process }) => isSame(process, report.process))?.process;
  return report.process.topologies.map((topology) => {
    const rate = readPerSecond(earlier, report.process, topology.name);
    return { cells: cellsOf(topology, rate), reason: topology.reason };
  });
}

function cellsOf(topology: TopologySnapshot, rate: number | undefined): readonly string[] {
  const { name, state, read, inFlight, lag, rejected, partitions } = topology;
  return [
    `  ${statusSymbol(state)} ${name}`,
    state,
    String(read),
    rate === undefined ? '' : rate.toFixed(1),
    String(inFlight),
    lag === undefined ? '' : String(lag),
    String(rejected),
    partitions === undefined ? '' : rangesOf(partitions),
  ];
}
