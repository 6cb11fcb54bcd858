import { grey, type Line, span, strong, widthOf } from './lines.ts';
import type { State } from './state.ts';

const keys = [
  ['up down  k j', 'move; page up, page down, home, end too'],
  ['enter', 'only the selected symbol, large; again, or esc: all'],
  ['enter  f', 'runtime: show or hide the nodes of the selected topology, of all'],
  ['1  2  tab', 'prices, runtime'],
  ['/', 'filter by name; enter keeps it, esc drops it'],
  ['c  +  -', 'line or candles; longer and shorter candles'],
  ['s', 'sort by symbol, change, to VWAP, rate, last trade'],
  ['p', 'pause and resume'],
  ['?', 'this list'],
  ['q  ctrl-c', 'stop'],
] as const;

const tapeKeys = [
  ['space', 'the tape: pause and go on'],
  ['left right', 'the tape: one message back, one further'],
] as const;

/** All keys, and the meaning of the symbols. */
export function helpLines({ logFile, replay }: Pick<State, 'logFile' | 'replay'>): readonly Line[] {
  return [
    [],
    [span('  Keys', strong)],
    [],
    ...[...keys, ...(replay ? tapeKeys : [])].map(([key, what]) => [span(`  ${key.padEnd(14)}`), span(what, grey)]),
    [],
    [span('  to VWAP: from the VWAP to the price, in hundredths of a percent (bp)', grey)],
    [span('  change: since the first price that was received', grey)],
    [span('  candles: hollow rose, filled fell; ! incomplete, * corrected later', grey)],
    [span('  a row without a trade for 30 s is grey', grey)],
    ...(logFile === undefined ? [] : [[span(`  log: ${logFile}`, grey)]]),
  ];
}

function chartKeys({ chart, interval }: State['choice']): readonly (readonly [string, string, number])[] {
  if (chart === 'line') return [['c', 'candles', 1]];
  return [['c', 'line', 1], ...(interval === undefined ? [] : [['+ -', interval, 1] as const])];
}

/** The last line of the screen: as many keys as fit. */
export function helpLine({ choice }: Pick<State, 'choice'>, width: number): Line {
  if (choice.isTyping)
    return [span('/', strong), span(choice.filter), span('_', strong), span('   enter keeps it, esc drops it', grey)];
  if (choice.isHelpShown) return [span('any key goes back', grey)];
  const isPrices = choice.screen === 'prices';
  const all: readonly (readonly [key: string, what: string, drop: number])[] = [
    ['j k', 'move', 3],
    ...(isPrices
      ? [
          ['enter', choice.isAlone ? 'all' : 'one', 2] as const,
          ['s', `by ${choice.sort}`, choice.chart === 'line' ? 1 : 2] as const,
          ...chartKeys(choice),
        ]
      : [['enter', 'fold', 2] as const, ['f', 'fold all', 2] as const]),
    ['/', 'filter', 0],
    ['tab', isPrices ? 'runtime' : 'prices', 0],
    ['p', choice.isPaused ? 'go on' : 'pause', 1],
    ['?', 'keys', 0],
    ['q', 'quit', 0],
  ];
  const lines = [4, 3, 2, 1].map((most) =>
    all
      .filter(([, , drop]) => drop < most)
      .flatMap(([key, what], index) => [span(`${index > 0 ? '   ' : ''}${key}`), span(` ${what}`, grey)]),
  );
  return lines.find((line) => widthOf(line) <= width) ?? lines.at(-1) ?? [];
}
