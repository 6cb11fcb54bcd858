import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PartitionWriter } from '../../../connectors/kafka/partition-writer.ts';
import { Write } from '../../../connectors/kafka/write.ts';
import { VirtualClock } from '../../../src/simulate/virtual-clock.ts';
import { testEnvironment } from '../../../src/testing/environment.ts';
import { Partition } from './written-partition.ts';

const topicAuthorizationFailed = 29;

function appendTo(writer: PartitionWriter, value: string, signal: AbortSignal): Write['outcome'] {
  const write = new Write(1, signal);
  writer.append({ record: { key: null, value, timestamp: 0 }, bytes: value.length, write, index: 0 });
  return write.outcome;
}

class World {
  readonly clock = new VirtualClock();
  readonly partition = new Partition();
  readonly closed = new AbortController();
  readonly reasons: (string | undefined)[] = [];
  unknown = 0;
  readonly writer = new PartitionWriter({
    ...{ name: 'ticks', partition: 0, client: this.partition.client(), maxBatchBytes: 1_000_000 },
    environment: testEnvironment(this.clock),
    closed: this.closed.signal,
    onBlocked: (text) => this.reasons.push(text),
    onUnknown: (messages) => {
      this.unknown += messages;
    },
    onMissingTopic: async () => {},
  });

  append(values: readonly string[], signal = new AbortController().signal): Promise<unknown>[] {
    return values.map(async (value) => {
      const failed = await appendTo(this.writer, value, signal);
      return (failed.get(0) as { code: string } | undefined)?.code ?? 'stored';
    });
  }
}

describe('a partition that is written', () => {
  it('gets at once what comes alone, and together what came meanwhile', async () => {
    const world = new World();
    const outcomes = world.append(['a']);
    await Promise.resolve();
    outcomes.push(...world.append(['b', 'c']));
    expect(await world.clock.until(Promise.all(outcomes))).toEqual(['stored', 'stored', 'stored']);
    expect(world.partition.batches.map(({ records }) => records.length)).toEqual([1, 2]);
    expect(world.reasons).toEqual([]);
  });

  it('gets a batch again, just the same, until its outcome is known', async () => {
    const world = new World();
    world.partition.faults = ['unsure', 'lost', 'unsent', 'unsure'];
    const outcomes = [...world.append(['a', 'b'])];
    await world.clock.settle();
    outcomes.push(...world.append(['c', 'd']));
    await world.clock.until(Promise.all(outcomes));
    expect(world.partition.stored).toEqual(['a', 'b', 'c', 'd']);
    expect(world.unknown).toBe(0);
    expect(world.reasons.at(0)).toContain('KafkaJSRequestTimeoutError');
    expect(world.reasons.at(-1)).toBeUndefined();
  });

  it('withdraws abandoned records, except those that the brokers may have', async () => {
    const world = new World();
    world.partition.faults = ['unsure'];
    const stop = new AbortController();
    const first = world.append(['a'], stop.signal);
    await world.clock.settle();
    const second = world.append(['b'], stop.signal);
    stop.abort();
    world.writer.withdraw();
    expect(await Promise.all(second)).toEqual(['FDP_TIMEOUT']);
    const third = world.append(['c']);
    expect(await world.clock.until(Promise.all([...first, ...third]))).toEqual(['stored', 'stored']);
    expect(world.partition.stored).toEqual(['a', 'c']);
  });

  it('takes back a batch that never got out', async () => {
    const world = new World();
    world.partition.faults = ['unsent', 'unsent'];
    const stop = new AbortController();
    const first = world.append(['a', 'b'], stop.signal);
    await world.clock.settle();
    stop.abort();
    expect(await world.clock.until(Promise.all(first))).toEqual(['FDP_TIMEOUT', 'FDP_TIMEOUT']);
    await world.clock.until(Promise.all(world.append(['c'])));
    expect(world.partition.stored).toEqual(['c']);
  });

  it('takes back what came while there was no producer yet, since nothing got out', async () => {
    const world = new World();
    world.partition.isAway = true;
    const stop = new AbortController();
    const first = world.append(['a'], stop.signal);
    await world.clock.settle();
    stop.abort();
    expect(await world.clock.until(Promise.all(first))).toEqual(['FDP_TIMEOUT']);
  });

  it('refuses one message alone', async () => {
    const world = new World();
    world.partition.maxBytes = 5;
    const outcomes = await world.clock.until(Promise.all(world.append(['a', 'b', 'toolarge', 'c'])));
    expect(outcomes).toEqual(['stored', 'stored', 'FDP_MESSAGE_REFUSED', 'stored']);
    expect(world.partition.stored).toEqual(['a', 'b', 'c']);
  });

  it('is written by a new producer when the brokers have forgotten the one before', async () => {
    const world = new World();
    await world.clock.until(Promise.all(world.append(['a'])));
    world.partition.faults = ['UNKNOWN_PRODUCER_ID'];
    await world.clock.until(Promise.all(world.append(['b'])));
    expect(world.partition.stored).toEqual(['a', 'b']);
    expect(world.partition.batches.map(({ producer }) => producer.id)).toEqual([1, 1, 2]);
    expect(world.unknown).toBe(0);
  });

  it('has a batch once though its topic was made again, and the producer then forgotten', async () => {
    const world = new World();
    await world.clock.until(Promise.all(world.append(['a', 'b', 'c'])));
    world.partition.makeAgain();
    world.partition.faults = ['forgotten'];
    await world.clock.until(Promise.all(world.append(['d'])));
    expect(world.partition.stored).toEqual(['d']);
    expect(world.unknown).toBe(0);
  });

  it('counts what may be there twice when it can not be known', async () => {
    const world = new World();
    await world.clock.until(Promise.all(world.append(['a'])));
    world.partition.faults = ['unsure', 'UNKNOWN_PRODUCER_ID'];
    world.partition.readError = topicAuthorizationFailed;
    await world.clock.until(Promise.all(world.append(['b', 'c'])));
    expect(world.unknown).toBe(2);
    expect(world.partition.stored).toEqual(['a', 'b', 'c', 'b', 'c']);
  });

  it('fails what waits when it is closed', async () => {
    const world = new World();
    world.partition.faults = ['unsent'];
    const outcomes = world.append(['a']);
    await world.clock.settle();
    world.closed.abort();
    expect(await world.clock.until(Promise.all([...outcomes, ...world.append(['b'])]))).toEqual([
      'FDP_CLOSED',
      'FDP_CLOSED',
    ]);
  });

  it('logs a slow confirmation', async () => {
    const world = new World();
    const client = world.partition.client();
    let confirm: (offset: number) => void = () => {};
    client.append = () =>
      new Promise((resolve) => {
        confirm = resolve;
      });
    const writer = new PartitionWriter({
      ...{ name: 'ticks', partition: 0, client, maxBatchBytes: 1000, environment: testEnvironment(world.clock) },
      ...{ closed: world.closed.signal, onUnknown: () => {}, onMissingTopic: async () => {} },
      onBlocked: (text) => world.reasons.push(text),
    });
    const appended = appendTo(writer, 'a', new AbortController().signal);
    await world.clock.advance(6000);
    expect(world.reasons).toEqual(['ticks: not confirmed within 5000 ms']);
    confirm(0);
    await world.clock.until(appended);
    expect(world.reasons.at(-1)).toBeUndefined();
  });

  it('has everything once and in order, whatever goes wrong', async () => {
    const fault = fc.constantFrom('lost', 'unsent', 'unsure', 'forgotten', 'NOT_LEADER_FOR_PARTITION');
    const sizes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 10 });
    await fc.assert(
      fc.asyncProperty(fc.array(fault, { maxLength: 15 }), sizes, async (faults, writes) => {
        const world = new World();
        world.partition.faults = [...faults];
        const outcomes: Promise<unknown>[] = [];
        let n = 0;
        for (const size of writes) {
          outcomes.push(...world.append(Array.from({ length: size }, () => String(n++))));
          await world.clock.settle();
        }
        await world.clock.until(Promise.all(outcomes));
        expect(world.partition.stored).toEqual(Array.from({ length: n }, (_, value) => String(value)));
        expect(world.unknown).toBe(0);
      }),
      { numRuns: 100 },
    );
  });
});
