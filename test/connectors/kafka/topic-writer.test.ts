import { describe, expect, it } from 'vitest';
import type { Client, OutBatch } from '../../../connectors/kafka/client.ts';
import { KafkaError } from '../../../connectors/kafka/errors.ts';
import { TopicWriter } from '../../../connectors/kafka/topic-writer.ts';
import { VirtualClock } from '../../../src/simulate/virtual-clock.ts';
import { testEnvironment } from '../../../src/testing/environment.ts';

const never = new AbortController().signal;
const record = { key: null, value: 'a', timestamp: 0 };

function missing(): KafkaError {
  return new KafkaError('FDP_CONNECTION_LOST', 'no such partition', { reason: 'UNKNOWN_TOPIC_OR_PARTITION' });
}

/** A topic of two partitions, each of which can be away. */
class Topic {
  readonly away = new Set<number>();
  readonly appended: number[] = [];
  partitions = 2;

  client(): Client {
    const client: Partial<Client> = {
      connect: async () => {},
      topic: async () => ({ id: 'id', partitions: this.partitions }),
      setting: async () => undefined,
      refresh: async () => {},
      offsets: async () => new Map(),
      newProducer: async () => ({ id: 1, epoch: 0 }),
      append: async ({ partition, records }: OutBatch) => {
        const reason = `partition ${partition} is away`;
        if (this.away.has(partition)) throw new KafkaError('FDP_CONNECTION_LOST', reason, { reason, unsent: true });
        if (partition >= this.partitions) throw missing();
        this.appended.push(...records.map(() => partition));
        return -1;
      },
      close: async () => {},
    };
    return client as Client;
  }
}

class World {
  readonly clock = new VirtualClock();
  readonly topic = new Topic();
  readonly reasons: (string | undefined)[] = [];
  readonly writer = new TopicWriter(
    {
      name: 'ticks',
      topic: 'ticks',
      partitions: 2,
      create: true,
      replicas: undefined,
      settings: {},
      maxMessageBytes: 1e5,
    },
    testEnvironment(this.clock),
    () => this.topic.client(),
  );

  open(): Promise<void> {
    const listener = { blocked: (text: string | undefined) => void this.reasons.push(text), unknown: () => {} };
    return this.clock.until(this.writer.open(listener, never));
  }

  /** Messages without a key go to each partition in turn. */
  appendToBoth(signal = never): Promise<ReadonlyMap<number, unknown>> {
    return this.writer.append([record, record], signal);
  }
}

describe('a topic that is written', () => {
  it('is in trouble until every partition that has something to send can be written again', async () => {
    const world = new World();
    await world.open();
    world.topic.away.add(0).add(1);
    const outcome = world.appendToBoth();
    await world.clock.advance(1000);
    expect(world.reasons.at(-1)).toContain('is away');
    world.topic.away.delete(0);
    await world.clock.advance(10_000);
    expect(world.reasons).not.toContain(undefined);
    expect(world.reasons.at(-1)).toContain('partition 1 is away');
    world.topic.away.delete(1);
    expect(await world.clock.until(outcome)).toEqual(new Map());
    expect(world.reasons.filter((text) => text === undefined)).toHaveLength(1);
    expect(world.reasons.at(-1)).toBeUndefined();
  });

  it('forgets the trouble of a partition from which everything was taken back', async () => {
    const world = new World();
    await world.open();
    world.topic.away.add(0).add(1);
    const stop = new AbortController();
    const outcome = world.appendToBoth(stop.signal);
    await world.clock.advance(1000);
    stop.abort();
    world.writer.withdraw();
    const withdrawn = expect.objectContaining({ code: 'FDP_TIMEOUT' });
    expect([...(await world.clock.until(outcome)).values()]).toEqual([withdrawn, withdrawn]);
    world.topic.away.delete(0);
    await world.clock.until(world.writer.append([record], never));
    expect(world.reasons.at(-1)).toBeUndefined();
  });

  it('is written to the partitions that are added while it is open, a minute later at most', async () => {
    const world = new World();
    await world.open();
    world.topic.partitions = 4;
    await world.clock.advance(60_000);
    await world.clock.until(world.writer.append([record, record, record, record], never));
    expect([...world.topic.appended].sort()).toEqual([0, 1, 2, 3]);
    await world.clock.until(world.writer.shut());
    expect(world.clock.timers).toBe(0);
  });

  it('that was created again with fewer partitions gives back what waits for the others, to be sent elsewhere', async () => {
    const world = new World();
    await world.open();
    world.topic.partitions = 1;
    const failed = await world.clock.until(world.appendToBoth());
    expect([...failed]).toEqual([[1, expect.objectContaining({ code: 'FDP_UNAVAILABLE', fault: 'transient' })]]);
    expect(await world.clock.until(world.appendToBoth())).toEqual(new Map());
    expect(world.topic.appended).toEqual([0, 0, 0]);
  });
});
