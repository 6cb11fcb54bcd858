import { describe, expect, it } from 'vitest';
import { nextSpeed, speedOf, speedText } from '../../src/kit/replay.ts';

describe('the speed of a replay', () => {
  it('is read as it is written', () => {
    for (const speed of [1, 60, 0.5, 'max'] as const) expect(speedOf(speedText(speed))).toBe(speed);
    for (const text of ['60', 'x', '0x', '-1x', 'fast', '1e3x', '']) expect(speedOf(text)).toBeUndefined();
  });

  it('has a next one up and down, and ends', () => {
    expect([nextSpeed(1, 1), nextSpeed(60, -1), nextSpeed(45, 1), nextSpeed('max', -1)]).toEqual([2, 30, 60, 300]);
    expect([nextSpeed('max', 1), nextSpeed(1, -1)]).toEqual(['max', 1]);
  });
});
