import { onAbort } from '../../src/kit/clock.ts';
import type { FeedGapsOptions } from '../../src/kit/feed-gaps.ts';
import { Gap } from '../../src/kit/gap.ts';
import { gapOf } from '../../src/kit/gap-message.ts';
import { type Intake, type PushSourceOptions, pushSource } from '../../src/kit/push-source.ts';
import type { Lane } from '../../src/kit/source.ts';
import { VirtualClock } from '../../src/simulate/virtual-clock.ts';
import { roleContext, testEnvironment } from '../../src/testing/environment.ts';
import { sourceMessage } from '../support/engine/operators.ts';

export const never = new AbortController().signal;
export const untilStopped = ({ signal }: Intake) => new Promise<void>((resolve) => void onAbort(signal, resolve));

/** A source whose intake is in the test's hands. */
export function sourceOf(options: Partial<PushSourceOptions> = {}, gapsOf?: string) {
  const clock = new VirtualClock();
  const environment = testEnvironment(clock);
  const context = roleContext(environment);
  const intakes: Intake[] = [];
  const seen = { error: undefined as unknown, isComplete: false };
  const lanes: Lane[] = [];
  const source = pushSource({
    name: 'feed',
    queue: { maxItems: 4, maxBytes: 1000, whenFull: 'drop_oldest' },
    onDropped: (count) => context.node.count('dropped', count),
    ...(gapsOf === undefined ? {} : { gap: new Gap({ ...context, name: 'feed', what: gapsOf }) }),
    receive: (intake) => {
      intakes.push(intake);
      return untilStopped(intake);
    },
    ...options,
  });
  const subscribe = () =>
    source.lanes.subscribe({
      next: (lane) => lanes.push(lane),
      error: (error) => {
        seen.error = error;
      },
      complete: () => {
        seen.isComplete = true;
      },
    });
  const push = (...numbers: readonly number[]) => {
    for (const number of numbers) intakes.at(-1)?.push(sourceMessage(number), 10, String(number % 2));
  };
  const read = async () => (await lanes[0]?.read(never))?.messages.map(({ value }) => value);
  return { clock, log: environment.log, node: context.node, source, lanes, intakes, seen, subscribe, push, read };
}

/** With two symbols; what is read is shown as the number pushed, or as `symbol from..to reason`, from the start in ms. */
export function gapsOf(more: (feed: FeedGapsOptions) => Partial<PushSourceOptions> = () => ({})) {
  const clock = new VirtualClock();
  const environment = testEnvironment(clock);
  const context = roleContext(environment);
  const gap = () => new Gap({ ...context, name: 'feed', what: 'trades' });
  const feed = { ...context, away: gap(), symbols: ['A', 'B'] };
  const world = sourceOf({ gap: gap(), feed, ...more(feed) });
  const { log } = environment;
  const gapNode = context.node;
  const start = clock.now();
  const shown = (value: unknown) => {
    const span = gapOf(value);
    return span ? `${span.from - start}..${span.to === undefined ? '' : span.to - start} ${span.reason}` : value;
  };
  const read = async (): Promise<unknown[]> => {
    const reading = await world.lanes[0]?.read(never);
    return reading?.messages.map(({ key, value }) => (gapOf(value) ? `${key} ${shown(value)}` : value)) ?? [];
  };
  const push = (...numbers: readonly number[]) => {
    for (const number of numbers) world.intakes.at(-1)?.push({ ...sourceMessage(number), timestamp: clock.now() }, 10);
  };
  return { ...world, clock, log, gapNode, start, read, push };
}
