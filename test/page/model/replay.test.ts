import { describe, expect, it } from 'vitest';
import { positionText, timeAt, timeText } from '../../../page/model/replay.ts';

const from = Date.UTC(2025, 10, 20, 14, 30);
const to = from + 600_000;

describe('the bar of a tape', () => {
  it('says where the tape is and how it is played', () => {
    const state = { at: from + 67_900, to, speed: 60, isPaused: false, isCatchingUp: false, isOver: false };
    expect(timeText(state)).toBe('2025-11-20 14:31:07 UTC of 14:40:00, 60x');
    expect(timeText({ ...state, isPaused: true })).toMatch(/, paused$/);
    expect(timeText({ ...state, isPaused: true, isCatchingUp: true })).toMatch(/, catching up$/);
    expect(timeText({ ...state, at: to, isOver: true })).toMatch(/14:40:00 UTC of 14:40:00, at its end$/);
  });

  it('has a slider from its beginning to its end', () => {
    expect([from, from + 300_000, to].map((at) => positionText({ at, from, to }))).toEqual(['0', '500', '1000']);
    expect([-1, 0, 500, 1000, 2000].map((position) => timeAt(position, { from, to }) - from)).toEqual([
      0, 0, 300_000, 600_000, 600_000,
    ]);
    expect(positionText({ at: from, from, to: from })).toBe('1000');
  });
});
