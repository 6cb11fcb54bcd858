import { playingText, type ReplayState } from '../../src/kit/replay.ts';

/** The slider has so many positions. */
const positions = 1000;

/** Where the slider stands. */
export function positionText({ at, from, to }: Pick<ReplayState, 'at' | 'from' | 'to'>): string {
  return String(to > from ? Math.round(((at - from) / (to - from)) * positions) : positions);
}

/** The time of a position of the slider, Unix ms. */
export function timeAt(position: number, { from, to }: Pick<ReplayState, 'from' | 'to'>): number {
  return Math.round(from + ((to - from) * Math.min(positions, Math.max(0, position))) / positions);
}

/** The tape's time, its end, and how it is played: `2025-11-20 14:31:07 UTC of 14:40:00, 60x`. */
export function timeText({
  at,
  to,
  ...state
}: Pick<ReplayState, 'at' | 'to'> & Parameters<typeof playingText>[0]): string {
  const [day = '', time = ''] = new Date(at).toISOString().split('T');
  return `${day} ${time.slice(0, 8)} UTC of ${new Date(to).toISOString().slice(11, 19)}, ${playingText(state)}`;
}
