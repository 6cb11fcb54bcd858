import { around } from './render.ts';
import { rowsAtOnce } from './runtime-screen.ts';
import { type Choice, type State, shownQuotes, shownRows, sorts } from './state.ts';
import { safe } from './text.ts';

/** A key as the terminal tells it: `up`, `enter`, `tab`, `escape`, or the character. */
export type Key = string;

const longestFilter = 40;
const page = 10;

/** What a key changes on a screen of that many rows; `q` and control keys are not among them. */
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
      return choice.screen === 'prices' ? { ...choice, isAlone: !choice.isAlone } : choice;
    case 'escape':
      return choice.isAlone ? { ...choice, isAlone: false } : { ...choice, filter: '' };
    case '/':
      return { ...choice, isTyping: true, isAlone: false, filter: '' };
    case 's':
      return { ...choice, sort: sorts[(sorts.indexOf(choice.sort) + 1) % sorts.length] ?? 'symbol' };
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
  const within = (place: number, count: number) => Math.max(0, Math.min(count - 1, place));
  if (choice.screen === 'runtime')
    return {
      ...choice,
      top: within(choice.top + step, shownRows(state).length - rowsAtOnce(state, height - around) + 1),
    };
  const quotes = shownQuotes(state);
  const from = Math.max(
    0,
    quotes.findIndex(({ symbol }) => symbol === choice.selected),
  );
  return { ...choice, selected: quotes[within(from + step, quotes.length)]?.symbol };
}

function typed(choice: Choice, key: Key): Choice {
  const { filter } = choice;
  if (key === 'enter') return { ...choice, isTyping: false };
  if (key === 'escape') return { ...choice, isTyping: false, filter: '' };
  if (key === 'backspace') return { ...choice, filter: filter.slice(0, -1) };
  if (key.length > 2 || filter.length >= longestFilter) return choice;
  return { ...choice, top: 0, filter: filter + safe(key) };
}
