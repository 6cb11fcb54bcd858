import { durationText } from '../../src/kit/duration-text.ts';
import { playingText } from '../../src/kit/replay.ts';
import { ends, grey, type Line, type Span, type Style, span, strong, widthOf } from './lines.ts';
import type { State } from './state.ts';
import { clockText, countText, delayText, rateText } from './text.ts';

const warn: Style = { colour: 'yellow' };

/** Two lines: the tabs, then the state and the figures of the feed. */
export function headerLines(state: State, width: number): readonly Line[] {
  const { choice, now } = state;
  const tab = (name: string, isHere: boolean) => span(isHere ? `[${name}]` : ` ${name} `, isHere ? strong : grey);
  const tabs = [
    span('fdp  ', strong),
    tab('1 Prices', choice.screen === 'prices'),
    span(' '),
    tab('2 Runtime', choice.screen === 'runtime'),
  ];
  const paused = choice.isPaused ? [span(`   paused, ${countText(state.unseen)} lines passed by`, warn)] : [];
  const filter = choice.filter !== '' && !choice.isTyping ? [span(`   only "${choice.filter}"`, warn)] : [];
  const left = connection(state);
  return [
    ends([...tabs, ...tape(state), ...paused, ...filter], [span(clockText(now), grey)], width),
    ends(left, figures(state, width - widthOf(left) - 2), width),
  ];
}

/** Where the tape is that is played, and how: its keys are space and the arrows to the left and the right. */
function tape({ replay }: State): Line {
  if (!replay) return [];
  const { at, to, isPaused, isCatchingUp, isOver } = replay;
  const keys = isOver || isCatchingUp ? '' : isPaused ? ', space: go on, arrows: step' : ', space: pause';
  const how = `${playingText(replay)}${keys}`;
  return [span(`   tape ${clockText(at)} of ${clockText(to)}, ${how}`, warn)];
}

/** The address of the feed, or when it reconnects. */
function connection({ process, topology: name, now }: State): Line {
  const topology = process?.topologies.find((each) => each.name === name);
  const source = topology?.nodes.find(({ kind }) => kind === 'source');
  if (!topology || !source) return [span('● running', grey)];
  const where = source.address ?? source.name;
  if (topology.state === 'draining' || topology.state === 'stopped') return [span('○ stopping', warn)];
  if (source.state === 'ok') return [span('● ', { colour: 'green' }), span(`connected to ${where}`)];
  const why = source.reason ?? topology.reason ?? source.state;
  if (source.retryAt === undefined) return [span(`○ ${why}`, warn)];
  // `now` does not advance while paused; the clock of the process does.
  const left = Math.ceil((source.retryAt - (process?.at ?? now)) / 1000);
  return [span(`▲ reconnecting${left > 0 ? ` in ${durationText(left * 1000)}` : ''}`, warn), span(`: ${why}`, grey)];
}

/** Figures of the feed, the most important first; those that don't fit are left out. */
function figures({ market, process, topology: name, delayMs, unreadable }: State, room: number): Line {
  const topology = process?.topologies.find((each) => each.name === name);
  const source = topology?.nodes.find(({ kind }) => kind === 'source');
  const skipped = (source?.extra['skipped_lines'] ?? 0) + unreadable + (topology?.rejected ?? 0);
  const all: readonly Span[] = [
    span(`${rateText(market.rate)} lines/s`),
    span(`   delay ${delayMs === undefined ? '-' : delayText(delayMs)}`),
    span(`   ${countText(skipped)} skipped`, skipped > 0 ? warn : grey),
    span(`   ${countText(market.size)} symbols`, grey),
  ];
  const count = [4, 3, 2, 1].find((many) => widthOf(all.slice(0, many)) <= room) ?? 0;
  return all.slice(0, count);
}
