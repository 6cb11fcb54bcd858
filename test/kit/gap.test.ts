import { expect, it } from 'vitest';
import { FeedGaps } from '../../src/kit/feed-gaps.ts';
import { Gap } from '../../src/kit/gap.ts';
import { gapMessage, gapOf } from '../../src/kit/gap-message.ts';
import type { SourceMessage } from '../../src/kit/message.ts';
import { VirtualClock } from '../../src/simulate/virtual-clock.ts';
import { roleContext, testEnvironment } from '../../src/testing/environment.ts';

/** Time passes at every reading, as it does between two lines on a busy machine. */
class RestlessClock extends VirtualClock {
  #readings = 0;

  override now(): number {
    return super.now() + ++this.#readings;
  }

  override monotonic(): number {
    return super.monotonic() + ++this.#readings;
  }
}

it('a gap that the process before left open is ended to the millisecond where it began', async () => {
  const clock = new RestlessClock();
  const context = { ...roleContext(testEnvironment()), clock };
  const seen: SourceMessage[] = [];
  const away = new Gap({ ...context, name: 'feed', what: 'trades' });
  const gaps = new FeedGaps('feed', { ...context, away, symbols: ['A'] }, (mark) => void seen.push(...mark.gaps));
  const left = gapMessage({ from: 1000, reason: 'stopped', feed: 'feed' }, 'A', 1000);
  await gaps.resume([{ last: async () => [left] }], new AbortController().signal);
  gaps.begin();
  gaps.back();
  expect(seen.map(({ value }) => gapOf(value)?.from)).toEqual([1000, 1000]);

  const wholeAt = clock.now() + 1;
  gaps.whole();
  gaps.away('lost');
  expect(gapOf(seen.at(-1)?.value)).toMatchObject({ from: wholeAt, reason: 'lost' });
});
