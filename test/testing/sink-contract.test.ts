import { describe, expect, it } from 'vitest';
import { FdpError } from '../../src/errors.ts';
import { unlessAborted } from '../../src/kit/clock.ts';
import { type Message, toMessage } from '../../src/kit/message.ts';
import type { Sink } from '../../src/kit/sink.ts';
import { VirtualClock } from '../../src/simulate/virtual-clock.ts';
import { type SinkBench, sinkContract } from '../../src/testing/sink-contract.ts';
import { sourceMessage } from '../support/engine/operators.ts';
import { failuresOf } from './failures.ts';

interface Parts {
  readonly sink: Sink;
  readonly stored: number[];
  readonly clock: VirtualClock;
}

const never = () => new Promise<never>(() => {});
const numberOf = ({ value }: Message) => (value as { number: number }).number;
const numbered = (number: number) => toMessage(sourceMessage({ number }, { key: `k${number}` }), undefined);
const refusal = new FdpError('FDP_MESSAGE_REFUSED', 'sink: expected a positive number');

/** A sink that keeps its contract, and what a mistake makes of it. */
function benchWith(mistake: (parts: Parts) => Partial<Sink>): () => Promise<SinkBench> {
  return async () => {
    const clock = new VirtualClock();
    const stored: number[] = [];
    let hangs = false;
    const sink: Sink = {
      ordered: true,
      connect: async () => {},
      close: async () => {},
      async write(messages, signal) {
        if (hangs) await unlessAborted(signal, never(), () => new FdpError('FDP_CLOSED', 'given up'));
        const failed = new Map<number, Error>();
        for (const [index, message] of messages.entries())
          if (numberOf(message) < 0) failed.set(index, refusal);
          else stored.push(numberOf(message));
        return { failed };
      },
    };
    return {
      ...{ clock, message: numbered, refused: (number) => numbered(-number) },
      sink: { ...sink, ...mistake({ sink, stored, clock }) },
      stored: async () => [...new Set(stored)],
      hang: async () => {
        hangs = true;
      },
    };
  };
}

const stores = 'has stored what it has confirmed, in order if it is ordered, and has not changed it';
const refuses = 'names a message that it refuses, alone and for good, and stores the others';
const writing =
  (write: (parts: Parts, ...given: Parameters<Sink['write']>) => ReturnType<Sink['write']>) => (parts: Parts) => ({
    write: (...given: Parameters<Sink['write']>) => write(parts, ...given),
  });

const mistakes: readonly (readonly [string, (parts: Parts) => Partial<Sink>, string])[] = [
  [
    'confirms what it has not stored',
    writing(({ sink }, messages, signal) => sink.write(messages.slice(1), signal)),
    stores,
  ],
  [
    'stores in another order',
    writing(({ sink }, messages, signal) => sink.write(messages.toReversed(), signal)),
    stores,
  ],
  [
    'changes the values',
    writing(({ sink }, messages, signal) => {
      for (const { value } of messages) Object.assign(value as object, { stored: true });
      return sink.write(messages, signal);
    }),
    stores,
  ],
  [
    'stores once it is closed only',
    ({ sink }) => {
      const waiting: Message[] = [];
      const write: Sink['write'] = async (messages) => {
        waiting.push(...messages);
        return {};
      };
      return { write, close: async () => void (await sink.write(waiting, new AbortController().signal)) };
    },
    stores,
  ],
  [
    'names messages of no write',
    writing(async (_parts, messages) => ({ known: new Map([[messages.length, { lane: '', offset: 0, index: 0 }]]) })),
    'names in its receipt messages of that write only',
  ],
  [
    'refuses with one message all the others',
    writing(async ({ sink }, messages, signal) => {
      if (messages.some((message) => numberOf(message) < 0)) throw refusal;
      return sink.write(messages, signal);
    }),
    refuses,
  ],
  [
    'refuses for a time what it will never take',
    writing(async ({ sink }, messages, signal) => {
      const { failed = new Map() } = await sink.write(messages, signal);
      return { failed: new Map([...failed.keys()].map((index) => [index, new FdpError('FDP_BUSY', 'later')])) };
    }),
    refuses,
  ],
  [
    'can not take nothing',
    writing(async ({ sink }, messages, signal) => {
      if (messages.length === 0) throw refusal;
      return sink.write(messages, signal);
    }),
    'takes an empty write',
  ],
  [
    'never ends a write that was given up before it began',
    writing(({ sink }, messages, signal) => (signal.aborted ? never() : sink.write(messages, signal))),
    'settles a write whose signal has aborted',
  ],
  [
    'does not hear the signal of a write',
    writing(({ sink }, messages) => sink.write(messages, new AbortController().signal)),
    'gives up a write that hangs when its signal aborts',
  ],
  [
    'can be closed once',
    () => {
      let isClosed = false;
      return {
        close: async () => {
          if (isClosed) throw new Error('closed already');
          isClosed = true;
        },
      };
    },
    'closes after a write, and closes again',
  ],
  [
    'leaves a timer behind',
    ({ clock }) => ({ close: async () => void clock.timer(3_600_000, () => {}) }),
    'closes without having been connected, as often as it is called',
  ],
  [
    'does not hear the signal of connect',
    () => ({ connect: (signal) => (signal.aborted ? never() : Promise.resolve()) }),
    'gives up connecting when its signal aborts',
  ],
];

describe('the contract of sinks', () => {
  it('is kept by a good one', async () => {
    expect(await failuresOf(sinkContract(benchWith(() => ({}))))).toEqual([]);
  });

  it.each(mistakes)('fails for one that %s', async (_what, mistake, title) => {
    expect(await failuresOf(sinkContract(benchWith(mistake)))).toContain(title);
  });

  it.each([
    [{}, ['stores once what is written twice, unless it declares that it repeats']],
    [{ repeats: { why: 'it appends' } }, []],
  ])('compares what it stores with what it declares: %j', async (guarantee, failures) => {
    let kept: readonly number[] = [];
    const make = benchWith(({ stored }) => {
      kept = stored;
      return {};
    });
    const bench = async () => ({ ...(await make()), guarantee, stored: async () => [...kept] });
    expect(await failuresOf(sinkContract(bench))).toEqual(failures);
  });
});
