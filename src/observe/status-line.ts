import { growthPerSecond } from '../kit/growth.ts';
import type { ProcessSnapshot, TopologyState } from '../kit/snapshot.ts';
import { plain, truncate, widthOf } from './terminal-text.ts';

const symbols: Readonly<Record<TopologyState, string>> = {
  starting: '○',
  standby: '○',
  running: '●',
  held: '▲',
  draining: '○',
  stopped: '○',
  failed: '✖',
};

/**
 * One line per topology: a symbol, name, state, messages read per second between the two snapshots, in flight, lag,
 * rejected; below it the reason when it is not well. Columns are aligned, no line is longer than `width` columns, and
 * nothing in them controls a terminal. Pure.
 */
export function statusLines(previous: ProcessSnapshot, current: ProcessSnapshot, width: number): string[] {
  const hasLag = current.topologies.some(({ lag }) => lag !== undefined);
  const rows = current.topologies.map((topology) => {
    const rate = readPerSecond(previous, current, topology.name) ?? 0;
    const lag = topology.lag === undefined ? '' : `${grouped(topology.lag)} behind`;
    return [
      topology.state,
      `${rateText(rate)} msg/s`,
      `${grouped(topology.inFlight)} in flight`,
      ...(hasLag ? [lag] : []),
      `${grouped(topology.rejected)} rejected`,
    ];
  });
  const names = current.topologies.map(({ name }) => plain(name));
  const nameWidth = Math.max(0, ...names.map(widthOf));
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return current.topologies.flatMap((topology, index) => {
    const [state = '', ...numbers] = rows[index] ?? [];
    const name = names[index] ?? '';
    const cells = [
      `${symbols[topology.state]} ${name}${' '.repeat(nameWidth - widthOf(name))}`,
      state.padEnd(widths[0] ?? 0),
      ...numbers.map((cell, column) => cell.padStart(widths[column + 1] ?? 0)),
    ];
    const reason = topology.reason === undefined ? [] : [`    ${plain(topology.reason)}`];
    return [cells.join('  '), ...reason].map((line) => truncate(line, width));
  });
}

/** Messages that a topology read per second between two snapshots of a process; undefined if unknown. */
export function readPerSecond(
  previous: ProcessSnapshot | undefined,
  current: ProcessSnapshot,
  topology: string,
): number | undefined {
  const read = (snapshot: ProcessSnapshot | undefined) =>
    snapshot && { at: snapshot.at, count: snapshot.topologies.find(({ name }) => name === topology)?.read };
  return growthPerSecond(read(previous), read(current));
}

/** The symbol in front of a topology. */
export function statusSymbol(state: TopologyState): string {
  return symbols[state];
}

/** The colour of a status line, by its symbol; undefined for a line without one. */
export function statusColour(line: string): 'green' | 'yellow' | 'red' | undefined {
  if (line.startsWith(symbols.running)) return 'green';
  if (line.startsWith(symbols.held) || line.startsWith(symbols.failed)) return 'red';
  return line.startsWith(symbols.starting) ? 'yellow' : undefined;
}

function rateText(rate: number): string {
  return rate < 100 ? rate.toFixed(1) : grouped(Math.round(rate));
}

function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ' ');
}

// ---- the block at the start -------------------------------------------------------------------------------------

/** What a person wants to know when a pipeline starts. */
export interface StartHints {
  /** `fdp 0.1.0, profile embedded`. */
  readonly title: string;
  readonly topologies: readonly { readonly name: string; readonly description: string }[];
  /** Where to see it: `REST` and `http://127.0.0.1:8000/api/v1/symbols`, `VWAP` and `nc 127.0.0.1 8888`. */
  readonly addresses: readonly { readonly what: string; readonly address: string }[];
}

/** The block that is printed once at the start: what runs, and where to see it. Addresses are never truncated. */
export function startLines({ title, topologies, addresses }: StartHints, width: number): string[] {
  const names = [...topologies.map(({ name }) => name), ...addresses.map(({ what }) => what)].map(plain);
  const nameWidth = Math.max(0, ...names.map(widthOf));
  const padded = (name: string) => `  ${plain(name)}${' '.repeat(nameWidth - widthOf(plain(name)))}  `;
  return [
    truncate(plain(title), width),
    '',
    ...topologies.map(({ name, description }) => truncate(padded(name) + plain(description), width)),
    ...(addresses.length > 0 ? [''] : []),
    ...addresses.map(({ what, address }) => padded(what) + plain(address)),
  ];
}
