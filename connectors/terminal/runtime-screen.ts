import { fitHeight, grey, type Line, type Style, span } from './lines.ts';
import type { Body } from './prices.ts';
import type { RuntimeRow } from './runtime.ts';
import { type State, shownRows } from './state.ts';
import { type Column, table } from './table.ts';
import { countText, delayText, rateText, sparkline } from './text.ts';

const bad: Style = { colour: 'yellow' };

/** The running processes with their topologies and nodes. Exactly `height` lines. */
export function runtimeBody(
  state: State,
  { width, height }: { readonly width: number; readonly height: number },
): Body {
  const { runtime, choice } = state;
  const notes: readonly Line[] = runtime.problem === undefined ? [] : [[span(`! ${runtime.problem}`, bad)], []];
  const room = rowsAtOnce(state, height);
  const rows = shownRows(state, room);
  const selected = rows.findIndex(({ key }) => key === choice.row);
  const top = Math.max(0, Math.min(selected - Math.floor(room / 2), rows.length - room));
  const shown = rows.slice(top, top + room);
  const hidden = hiddenNodes(runtime.rows, rows);
  const withGaps = runtime.rows.some(({ gaps }) => gaps !== undefined);
  const lines = table(columns(choice.row, hidden, withGaps), shown, { width, isStrong: ({ kind }) => kind !== 'node' });
  const whole = lines.map((line, index) => {
    const row = shown[index - 1];
    return row?.kind === 'process' ? processLine(row) : line;
  });
  const empty: readonly Line[] = [[span(choice.filter ? '  no match' : '  no process has reported yet', grey)]];
  return { lines: fitHeight([...notes, ...(rows.length === 0 ? empty : whole)], height), plots: [] };
}

/** The number of hidden nodes of each topology. */
function hiddenNodes(all: readonly RuntimeRow[], shown: readonly RuntimeRow[]): ReadonlyMap<string, number> {
  const seen = new Set(shown.map(({ key }) => key));
  const hidden = new Map<string, number>();
  for (const { key, parent } of all)
    if (parent !== undefined && !seen.has(key)) hidden.set(parent, (hidden.get(parent) ?? 0) + 1);
  return hidden;
}

/** The number of rows that fit a body of `height` lines, below its header and above the note with its empty line. */
export function rowsAtOnce({ runtime }: Pick<State, 'runtime'>, height: number): number {
  return Math.max(1, height - (runtime.problem === undefined ? 1 : 3));
}

function processLine({ name, state, isWell }: RuntimeRow): Line {
  return [
    span(isWell ? '● ' : '▲ ', isWell ? { colour: 'green' } : bad),
    span(name, { bold: true }),
    span(`  ${state}`, isWell ? grey : bad),
  ];
}

const number = (value: number | undefined, text: (value: number) => string = countText) =>
  value === undefined ? { text: '' } : { text: text(value), ...(value === 0 ? { style: grey } : {}) };
/** A count that should stay 0. */
const badNumber = (value: number | undefined) => (value ? { text: countText(value), style: bad } : number(value));

const gapsColumn: Column<RuntimeRow> = {
  ...{ head: 'gaps', align: 'right', drop: 7 },
  cell: ({ gaps, isGapOpen }) =>
    gaps === undefined
      ? { text: '' }
      : { text: `${countText(gaps)}${isGapOpen ? ' away' : ''}`, style: isGapOpen ? bad : grey },
};

const columns = (
  selected: string | undefined,
  hidden: ReadonlyMap<string, number>,
  withGaps: boolean,
): readonly Column<RuntimeRow>[] => [
  {
    ...{ head: 'topology', align: 'left', drop: 0, least: 26 },
    cell: ({ kind, key, name, isWell }) => {
      if (kind === 'process') return { text: '' };
      const cursor = key === selected ? '> ' : '  ';
      const folded = hidden.has(key) ? ` +${hidden.get(key)}` : '';
      return { text: `${cursor}${kind === 'node' ? ' ' : isWell ? '●' : '▲'} ${name}${folded}` };
    },
  },
  {
    ...{ head: 'state', align: 'left', drop: 4, most: 10 },
    cell: ({ kind, state, isWell }) => ({ text: kind === 'process' ? '' : state, style: isWell ? grey : bad }),
  },
  { head: 'in/s', align: 'right', drop: 0, cell: ({ inRate }) => number(inRate, rateText) },
  { head: 'out/s', align: 'right', drop: 0, cell: ({ outRate }) => number(outRate, rateText) },
  { head: 'in flight', align: 'right', drop: 5, cell: ({ inFlight }) => number(inFlight) },
  { head: 'lag', align: 'right', drop: 1, cell: ({ lag }) => number(lag) },
  { head: 'p99', align: 'right', drop: 2, cell: ({ p99Ms }) => number(p99Ms, delayText) },
  { head: 'retries', align: 'right', drop: 6, cell: ({ retries }) => badNumber(retries) },
  { head: 'rejected', align: 'right', drop: 3, cell: ({ rejected }) => badNumber(rejected) },
  { head: 'reconnects', align: 'right', drop: 7, cell: ({ reconnects }) => badNumber(reconnects) },
  ...(withGaps ? [gapsColumn] : []),
  {
    ...{ head: '', align: 'left', drop: 8, stretch: 10, most: 60 },
    cell: ({ spark }, width) => ({ text: sparkline(spark, width, true), style: { colour: 'cyan' } }),
  },
];
