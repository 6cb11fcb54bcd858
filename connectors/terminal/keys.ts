import { around } from './render.ts';
import { rowsAtOnce } from './runtime-screen.ts';
import { type Choice, isUnfolded, type State, shownQuotes, shownRows, sorts } from './state.ts';
import { safe } from './text.ts';

/** A key as the terminal reports it: `up`, `enter`, `tab`, `escape`, or the character. */
export type Key = string;

const longestFilter = 40;
const page = 10;

/** The choice after a key press, on a screen of `height` rows; `q` and control keys are handled by the caller. */
export function press(state: State, key: Key, height: number): Choice {
  const { choice } = state;
  if (choice.isTyping) return typed(choice, key);
  if (choice.isHelpShown) return { ...choice, isHelpShown: false };
  const step = steps[key];
  if (step !== undefined) return move(state, step, height);
  switch (key) {
    case '1':
      return { ...choice, screen: 'prices' };
    case '2':
      return { ...choice, screen: 'runtime' };
    case 'tab':
      return { ...choice, screen: choice.screen === 'prices' ? 'runtime' : 'prices' };
    case 'enter':
      return choice.screen === 'prices' ? { ...choice, isAlone: !choice.isAlone } : folded(state);
    case 'escape':
      return choice.isAlone ? { ...choice, isAlone: false } : { ...choice, filter: '' };
    case '/':
      return { ...choice, isTyping: true, isAlone: false, filter: '' };
    case 'f':
      return choice.screen === 'runtime' ? allFolded(state, height) : choice;
    case 's':
      return { ...choice, sort: sorts[(sorts.indexOf(choice.sort) + 1) % sorts.length] ?? 'symbol' };
    case 'c':
      return choice.screen === 'prices' ? { ...choice, chart: choice.chart === 'line' ? 'candles' : 'line' } : choice;
    case '+':
    case '=':
      return longer(state, 1);
    case '-':
      return longer(state, -1);
    case 'p':
      return { ...choice, isPaused: !choice.isPaused };
    case '?':
      return { ...choice, isHelpShown: true };
    default:
      return choice;
  }
}

const steps: Readonly<Record<Key, number>> = {
  up: -1,
  k: -1,
  down: 1,
  j: 1,
  pageup: -page,
  pagedown: page,
  home: Number.NEGATIVE_INFINITY,
  end: Number.POSITIVE_INFINITY,
};

function move(state: State, step: number, height: number): Choice {
  const { choice } = state;
  const within = (index: number, count: number) => Math.max(0, Math.min(count - 1, index));
  if (choice.screen === 'runtime') {
    const rows = shownRows(state, rowsAtOnce(state, height - around)).filter(({ kind }) => kind !== 'process');
    const index = rows.findIndex(({ key }) => key === choice.row);
    return { ...choice, row: rows[within(index + step, rows.length)]?.key };
  }
  const quotes = shownQuotes(state);
  const from = Math.max(
    0,
    quotes.findIndex(({ symbol }) => symbol === choice.selected),
  );
  return { ...choice, selected: quotes[within(from + step, quotes.length)]?.symbol };
}

/** Selects the next longer or shorter interval, if there is one. */
function longer({ choice, intervals }: State, step: 1 | -1): Choice {
  if (choice.screen !== 'prices' || choice.chart === 'line' || choice.interval === undefined) return choice;
  return { ...choice, interval: intervals[intervals.indexOf(choice.interval) + step] ?? choice.interval };
}

/** Expands or collapses the topology of the selected row. */
function folded({ choice, runtime }: State): Choice {
  const row = runtime.rows.find(({ key }) => key === choice.row);
  if (!row) return choice;
  const topology = row.parent ?? row.key;
  const { toggled } = choice;
  return {
    ...choice,
    row: topology,
    toggled: toggled.includes(topology) ? toggled.filter((each) => each !== topology) : [...toggled, topology],
  };
}

/** Expands all topologies if one is collapsed; otherwise collapses all. */
function allFolded(state: State, height: number): Choice {
  const room = rowsAtOnce(state, height - around);
  const isAnyFolded = state.runtime.rows.some(({ kind, key }) => kind === 'topology' && !isUnfolded(state, key, room));
  return { ...state.choice, isUnfolded: isAnyFolded, toggled: [] };
}

function typed(choice: Choice, key: Key): Choice {
  const { filter } = choice;
  if (key === 'enter') return { ...choice, isTyping: false };
  if (key === 'escape') return { ...choice, isTyping: false, filter: '' };
  if (key === 'backspace') return { ...choice, filter: filter.slice(0, -1) };
  if (key.length > 2 || filter.length >= longestFilter) return choice;
  return { ...choice, filter: filter + safe(key) };
}
