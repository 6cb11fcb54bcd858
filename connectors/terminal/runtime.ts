import { growthPerSecond } from '../../src/kit/growth.ts';
import type { NodeSnapshot, ProcessSnapshot, StatusReport, TopologySnapshot } from '../../src/kit/snapshot.ts';
import { durationText } from '../../src/kit/time-text.ts';
import { Ring } from './ring.ts';

/** A process, a topology or a node, as a row of the runtime screen. */
export interface RuntimeRow {
  readonly kind: 'process' | 'topology' | 'node';
  readonly name: string;
  /** Identifies the row; `parent` is the key of a node's topology. */
  readonly key: string;
  readonly parent: string | undefined;
  /** Names from the process down, to filter by. */
  readonly path: string;
  readonly state: string;
  readonly isWell: boolean;
  readonly reason: string | undefined;
  /** Messages per second; undefined until two reports have been received. */
  readonly inRate: number | undefined;
  readonly outRate: number | undefined;
  readonly inFlight: number | undefined;
  readonly lag: number | undefined;
  readonly p99Ms: number | undefined;
  readonly retries: number | undefined;
  readonly rejected: number | undefined;
  readonly reconnects: number | undefined;
  /** Number of gaps in the feed; undefined where there is no feed. */
  readonly gaps: number | undefined;
  readonly isGapOpen: boolean;
  /** The input rate in each of the last seconds, newest last. */
  readonly spark: readonly (number | undefined)[];
}

interface Series {
  at: number;
  in: number;
  out: number;
  inRate: number | undefined;
  outRate: number | undefined;
  readonly rates: Ring;
}

const sparkSeconds = 60;
/** Maximum number of rows; the rest are left out. */
const maxRows = 2000;
/** A process that has not reported for this long may be dead, ms; processes report every second. */
const silentAfterMs = 4000;

/** Turns the polled reports of the processes into rows with rates. Keeps a minute of rates per row. */
export class RuntimeRates {
  #series = new Map<string, Series>();

  /** The rows for these reports. The rates of rows that are no longer reported are dropped. @param now Unix ms */
  rows(reports: readonly Pick<StatusReport, 'pipeline' | 'process'>[], now: number): readonly RuntimeRow[] {
    const before = this.#series;
    this.#series = new Map();
    return reports
      .flatMap((report) => {
        const rows = this.#processRows(report, before);
        const silentMs = now - report.process.at;
        return silentMs < silentAfterMs ? rows : rows.map((row) => silent(row, silentMs));
      })
      .slice(0, maxRows);
  }

  #processRows(
    { pipeline, process }: Pick<StatusReport, 'pipeline' | 'process'>,
    before: ReadonlyMap<string, Series>,
  ): readonly RuntimeRow[] {
    const path = `${process.instance} ${process.host} ${process.pid}`;
    const rates = (key: string, counts: Counts) =>
      this.#rates(before, { key: `${path} ${process.startedAt} ${key}`, at: process.at, ...counts });
    return [
      processRow(process, path, pipeline),
      ...process.topologies.flatMap((topology) => [
        topologyRow(topology, path, rates(topology.name, { in: topology.read, out: topology.delivered })),
        ...topology.nodes
          .filter(({ kind }) => kind !== 'dead_letter')
          .map((node) => nodeRow(node, `${path} ${topology.name}`, rates(`${topology.name}/${node.name}`, node))),
      ]),
    ];
  }

  #rates(before: ReadonlyMap<string, Series>, now: Counts & { readonly key: string; readonly at: number }): Series {
    const series = before.get(now.key) ?? {
      ...{ at: now.at, in: now.in, out: now.out, inRate: undefined, outRate: undefined },
      rates: new Ring(sparkSeconds),
    };
    this.#series.set(now.key, series);
    const grown = (name: 'in' | 'out') =>
      growthPerSecond({ at: series.at, count: series[name] }, { at: now.at, count: now[name] });
    const inRate = grown('in');
    if (inRate === undefined) return series;
    series.rates.push(inRate);
    Object.assign(series, { inRate, outRate: grown('out'), at: now.at, in: now.in, out: now.out });
    return series;
  }
}

interface Counts {
  readonly in: number;
  readonly out: number;
}

type Rates = Pick<Series, 'inRate' | 'outRate' | 'rates'>;

/** A row of a process that no longer reports: its last figures are outdated and left out. */
function silent(row: RuntimeRow, silentMs: number): RuntimeRow {
  const { kind, name, key, parent, path } = row;
  const state = kind === 'process' ? `silent for ${durationText(silentMs)}: is it still running?` : 'unknown';
  return { ...nothing, ...{ kind, name, key, parent, path, state }, isWell: false };
}

const nothing = {
  ...{ reason: undefined, inRate: undefined, outRate: undefined, inFlight: undefined, lag: undefined },
  ...{ p99Ms: undefined, retries: undefined, rejected: undefined, reconnects: undefined, spark: [] },
  ...{ gaps: undefined, isGapOpen: false },
} as const;

function processRow(process: ProcessSnapshot, path: string, pipeline: string): RuntimeRow {
  const { instance, host, pid, version, at, startedAt, ready } = process;
  const where = instance === host ? host : `${instance} on ${host}`;
  const minutes = Math.floor((at - startedAt) / 60_000);
  return {
    ...nothing,
    kind: 'process',
    ...{ key: path, parent: undefined },
    name: `${where}  pid ${pid}  ${pipeline}  fdp ${version}  up ${minutes} min`,
    // With the names of its topologies and nodes: a process is shown when one of them passes the filter.
    path: `${path} ${process.topologies.map(({ name, nodes }) => `${name} ${nodes.map((node) => node.name).join(' ')}`).join(' ')}`,
    state: ready ? 'ready' : 'not ready',
    isWell: ready,
  };
}

function topologyRow(topology: TopologySnapshot, path: string, { inRate, outRate, rates }: Rates): RuntimeRow {
  const { name, state, ready, reason, inFlight, lag, latency, rejected, nodes } = topology;
  const sum = (count: (node: NodeSnapshot) => number) => nodes.reduce((all, node) => all + count(node), 0);
  return {
    ...{ kind: 'topology', name, state, reason, inRate, outRate, inFlight, lag, rejected },
    ...{ key: `${path} ${name}`, parent: undefined },
    path: `${path} ${name} ${nodes.map((node) => node.name).join(' ')}`,
    isWell: ready,
    p99Ms: latency.p99Ms,
    retries: sum(({ retries }) => retries),
    reconnects: sum(({ extra }) => extra['reconnects'] ?? 0),
    gaps: nodes.some(hasGaps) ? sum(({ extra }) => extra['gaps'] ?? 0) : undefined,
    isGapOpen: nodes.some(isAway),
    spark: rates.last(sparkSeconds),
  };
}

function nodeRow(node: NodeSnapshot, path: string, { inRate, outRate, rates }: Rates): RuntimeRow {
  const { name, state, reason, inFlight, retries, rejected, extra } = node;
  return {
    ...{ kind: 'node', name, reason, inRate, outRate, inFlight, retries, rejected },
    ...{ key: `${path}/${name}`, parent: path },
    path: `${path} ${name}`,
    // `ok` needs no mention, and a node that was never used has nothing to show.
    state: state === 'idle' || state === 'ok' ? '' : state,
    isWell: state === 'ok' || state === 'idle' || state === 'standby',
    lag: undefined,
    p99Ms: undefined,
    reconnects: extra['reconnects'],
    gaps: extra['gaps'],
    isGapOpen: isAway(node),
    spark: rates.last(sparkSeconds),
  };
}

function hasGaps({ extra }: NodeSnapshot): boolean {
  return extra['gaps'] !== undefined;
}

function isAway({ extra }: NodeSnapshot): boolean {
  return (extra['open_gaps'] ?? 0) > 0;
}
