import { Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { onAbort } from '../../src/kit/clock.ts';
import { type Intake, pushSource } from '../../src/kit/push-source.ts';
import type { Lane, Reading, Source } from '../../src/kit/source.ts';
import { VirtualClock } from '../../src/simulate/virtual-clock.ts';
import { roleContext, testEnvironment } from '../../src/testing/environment.ts';
import { type SourceBench, sourceContract } from '../../src/testing/source-contract.ts';
import { sourceMessage } from '../support/engine/operators.ts';
import { failuresOf } from './failures.ts';

/** A source that keeps its contract, and what a mistake makes of it. */
function benchWith(mistake: (source: Source, clock: VirtualClock) => Partial<Source>): () => Promise<SourceBench> {
  return async () => {
    const clock = new VirtualClock();
    const context = roleContext(testEnvironment(clock));
    let intake: Intake | undefined;
    const good = pushSource({
      name: 'lane',
      queue: { maxItems: 20, maxBytes: 10_000, whenFull: 'drop_oldest' },
      onDropped: (count) => context.node.count('dropped', count),
      receive: (given) => {
        intake = given;
        return new Promise((resolve) => void onAbort(given.signal, resolve));
      },
    });
    const source: Source = {
      ...{ replayable: false, lanes: good.lanes },
      connect: (signal) => good.connect(signal),
      close: () => good.close(),
      ...mistake(good, clock),
    };
    let next = 0;
    return {
      ...{ clock, source, node: context.node },
      numberOf: ({ value }) => value as number,
      lost: () => context.node.extra['dropped'] ?? 0,
      give: async (count) => {
        for (let left = count; left > 0; left--) intake?.push(sourceMessage(next++), 10);
      },
    };
  };
}

/** The same source with another lane. */
const withLane = (change: (lane: Lane) => Partial<Lane>) => (source: Source) => ({
  lanes: new Observable<Lane>((lanes) =>
    source.lanes.subscribe((lane) => {
      const made = change(lane);
      lanes.next({ id: made.id ?? lane.id, signal: lane.signal, read: made.read ?? ((signal) => lane.read(signal)) });
    }),
  ),
});
const withReading = (change: (reading: Reading) => Reading) =>
  withLane((lane) => ({
    read: async (signal) => {
      const reading = await lane.read(signal);
      return reading && change(reading);
    },
  }));
const never = () => new Promise<never>(() => {});

const first = 'opens a lane once it is connected, and gives what comes in order, with its bytes';
const mistakes: readonly (readonly [string, (source: Source, clock: VirtualClock) => Partial<Source>, string])[] = [
  ['gives readings without their bytes', withReading((reading) => ({ ...reading, bytes: 0 })), first],
  ['gives readings that are empty', withReading((reading) => ({ ...reading, messages: [] })), first],
  ['gives positions although nothing is read again', withReading((reading) => ({ ...reading, position: 1 })), first],
  ['names another lane in its messages', withLane(() => ({ id: 'another' })), first],
  [
    'gives a message twice',
    withReading(({ messages, bytes }) => ({ messages: [...messages, ...messages], bytes })),
    first,
  ],
  [
    'turns the order of a reading round',
    withReading(({ messages, bytes }) => ({ messages: messages.toReversed(), bytes })),
    first,
  ],
  [
    'loses a message without counting it',
    withReading(({ messages, bytes }) => ({ messages: messages.length > 5 ? messages.slice(1) : messages, bytes })),
    'gives or counts every message, also when nobody reads for a while',
  ],
  [
    'does not hear the signal of a read',
    withLane((lane) => ({ read: () => lane.read(new AbortController().signal) })),
    'ends a read that waits when its signal aborts',
  ],
  [
    'goes on taking in after the unsubscription',
    (source) => ({
      lanes: new Observable<Lane>((lanes) => {
        source.lanes.subscribe((lane) => lanes.next(lane));
      }),
    }),
    'takes in nothing more once it is unsubscribed',
  ],
  [
    'does not end its lanes when it closes',
    () => ({ close: async () => {} }),
    'closes while a read waits, ends its lanes, and closes again',
  ],
  [
    'leaves a timer behind',
    (source, clock) => ({
      close: async () => {
        clock.timer(3_600_000, () => {});
        await source.close();
      },
    }),
    'closes while a read waits, ends its lanes, and closes again',
  ],
  [
    'can be closed after it was connected only',
    (source) => {
      let isConnected = false;
      return {
        connect: async () => {
          isConnected = true;
        },
        close: () => (isConnected ? source.close() : never()),
      };
    },
    'closes without having been connected, as often as it is called',
  ],
  [
    'does not hear the signal of connect',
    () => ({ connect: (signal) => (signal.aborted ? never() : Promise.resolve()) }),
    'gives up connecting when its signal aborts',
  ],
];

describe('the contract of sources', () => {
  it('is kept by a good one', async () => {
    expect(await failuresOf(sourceContract(benchWith(() => ({}))))).toEqual([]);
  });

  it.each(mistakes)('fails for one that %s', async (_what, mistake, title) => {
    expect(await failuresOf(sourceContract(benchWith(mistake)))).toContain(title);
  });

  it('fails for one that can not replay, and declares no loss', async () => {
    const make = benchWith(() => ({}));
    expect(await failuresOf(sourceContract(async () => ({ ...(await make()), guarantee: {} })))).toEqual([
      'declares that it loses messages, unless it can read them again',
    ]);
    const loses = { why: 'nothing is sent again' };
    expect(await failuresOf(sourceContract(async () => ({ ...(await make()), guarantee: { loses } })))).toEqual([]);
  });
});
