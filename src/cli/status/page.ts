import { stringify } from 'yaml';
import { ageText } from '../../kit/duration-text.ts';
import type { NodeSnapshot, StatusReport, TopologySnapshot } from '../../kit/snapshot.ts';
import { readPerSecond, statusSymbol } from '../../observe/status-line.ts';
import { plain } from '../../observe/terminal-text.ts';
import { indented, table } from '../shared/text.ts';
import { graphLines } from './graph.ts';

export interface PageOptions {
  /** The previous reports: rates are shown if given. */
  readonly before: readonly StatusReport[] | undefined;
  /** Unix ms. */
  readonly now: number;
  /** Columns; 100 if unknown. */
  readonly width: number | undefined;
  /** Left out with `--watch`. */
  readonly withOptions?: boolean;
}

/** What `fdp status --all` prints: each process, its topologies with their graphs, figures and options. Pure. */
export function statusPage(
  reports: readonly StatusReport[],
  { before, now, width = 100, withOptions = true }: PageOptions,
): readonly string[] {
  if (reports.length === 0) return ['no process has reported within the last 10 s'];
  return reports
    .flatMap((report, index) => {
      const earlier = before?.find(({ process }) => isSame(process, report.process));
      return [...(index > 0 ? [''] : []), ...processLines(report, { earlier, now, width, withOptions })];
    })
    .map(plain);
}

type ProcessSnapshot = StatusReport['process'];

/** The identity of a process: its name, host and pid. */
export function nameOf({ instance, host, pid }: ProcessSnapshot): string {
  // Older versions report no name.
  const isNamed = instance !== undefined && instance !== host;
  return isNamed ? `${instance} (${host}, pid ${pid})` : `${host}, pid ${pid}`;
}

export function isSame(a: ProcessSnapshot, b: ProcessSnapshot): boolean {
  return a.host === b.host && a.pid === b.pid && a.startedAt === b.startedAt;
}

interface ReportOptions {
  readonly earlier: StatusReport | undefined;
  readonly now: number;
  readonly width: number;
  readonly withOptions: boolean;
}

function processLines(report: StatusReport, { earlier, now, ...rest }: ReportOptions): readonly string[] {
  const { process, pipeline, profile } = report;
  const { version, at, startedAt, ready, topologies } = process;
  const facts = [
    nameOf(process),
    `fdp ${version}`,
    profile ? `${pipeline}, profile ${profile}` : pipeline,
    `up ${ageText(at - startedAt)}`,
    ready ? 'ready' : 'not ready',
    `seen ${ageText(Math.max(0, now - at))} ago`,
  ];
  return [
    facts.join('   '),
    ...topologies.flatMap((topology) => {
      const rate = readPerSecond(earlier?.process, process, topology.name);
      return ['', ...topologyLines(report, topology, { ...rest, rate })];
    }),
  ];
}

function topologyLines(
  report: StatusReport,
  topology: TopologySnapshot,
  { rate, width, withOptions }: Pick<ReportOptions, 'width' | 'withOptions'> & { readonly rate: number | undefined },
): readonly string[] {
  const { name, state, reason, nodes, partitions } = topology;
  const { description = '', options = {} } = report.topologies[name] ?? {};
  const nodeReasons = nodes.flatMap((node) => (node.reason === undefined ? [] : [`${node.name}: ${node.reason}`]));
  const reasons = reason === undefined || nodeReasons.includes(reason) ? nodeReasons : [reason, ...nodeReasons];
  return [
    `${statusSymbol(state)} ${name}   ${state}   ${description}`,
    ...indented(
      [
        ...reasons.map((text) => `! ${text}`),
        ...graphLines(nodes),
        figures(topology, rate),
        ...(partitions ? [`partitions ${rangesOf(partitions)}`] : []),
        '',
        ...nodeTable(nodes),
        ...(withOptions ? ['', ...optionLines(nodes, options, width - 4)] : []),
      ],
      2,
    ),
  ];
}

/** `0-2, 5` */
export function rangesOf(numbers: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last && number === last[1] + 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(', ');
}

// ---- the figures ------------------------------------------------------------------------------------------------

function figures(topology: TopologySnapshot, rate: number | undefined): string {
  const { read, delivered, filtered, rejected, released, inFlight, lag, restarts, latency } = topology;
  const { p50Ms, p99Ms } = latency;
  return [
    `read ${read}`,
    ...(rate === undefined ? [] : [`${rate.toFixed(1)}/s`]),
    `delivered ${delivered}`,
    `filtered ${filtered}`,
    `rejected ${rejected}`,
    `released ${released}`,
    `in flight ${inFlight}`,
    ...(lag === undefined ? [] : [`lag ${lag}`]),
    `restarts ${restarts}`,
    ...(p50Ms === undefined || p99Ms === undefined ? [] : [`latency p50 ${duration(p50Ms)}, p99 ${duration(p99Ms)}`]),
  ].join('   ');
}

const heads = ['node', 'kind', 'type', 'state', 'in', 'made', 'out', 'filtered', 'rejected', 'released'] as const;

function nodeTable(nodes: readonly NodeSnapshot[]): readonly string[] {
  const rows = nodes.map((node) => [
    ...[node.name, node.kind.replace('_', ' '), node.type, node.state],
    ...[node.in, node.made, node.out, node.filtered, node.rejected, node.released].map(String),
    ...[node.inFlight, node.retries, node.extra['reconnects'] ?? 0].map(String),
    Object.entries(node.extra)
      .filter(([name]) => name !== 'reconnects')
      .map(([name, value]) => `${name.replaceAll('_', ' ')} ${value}`)
      .join(', '),
  ]);
  const all = [[...heads, 'in flight', 'retries', 'reconnects', ''], ...rows];
  const widths = all[0]?.map((_head, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? [];
  const isNumber = (column: number) => column >= 4 && column < widths.length - 1;
  return all.map((row) =>
    row
      .map((cell, column) => (isNumber(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

function optionLines(
  nodes: readonly NodeSnapshot[],
  options: Readonly<Record<string, unknown>>,
  width: number,
): readonly string[] {
  const text = (value: unknown) => stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trim();
  return table(
    nodes.map(({ name }) => [name, options[name] === undefined ? '-' : text(options[name])]),
    width,
  );
}

function duration(ms: number): string {
  return ms < 1000 ? `${Number(ms.toPrecision(2))} ms` : `${Number((ms / 1000).toPrecision(2))} s`;
}
