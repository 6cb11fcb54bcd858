import { describe, expect, it } from 'vitest';
import { type Broker, type KafkaCall, loadKafkajs } from '../../../connectors/kafka/kafkajs-internals.ts';
import { Outbox } from '../../../connectors/kafka/outbox.ts';
import { Reader } from '../../../connectors/kafka/reader.ts';

const notLeader = 6;

/** A broker that keeps the partitions of each request, and refuses batches that say so. */
class World {
  readonly requests: number[][] = [];
  readonly outbox = new Outbox('ticks', loadKafkajs());
  isGone = false;
  readonly #broker = { connectionPool: { send: (call: KafkaCall<unknown>) => this.#send(call) } };

  send(partition: number, text: string): Promise<string> {
    return this.outbox.send(this.#broker as unknown as Broker, { partition, bytes: Buffer.from(text) }).then(
      (offset) => (offset === text.length ? 'stored' : `stored at ${offset}`),
      (error) => error.type ?? error.message,
    );
  }

  async #send({ request }: KafkaCall<unknown>): Promise<unknown> {
    const { buffer } = await request.encode();
    if (this.isGone) throw new Error('connection lost');
    const reader = new Reader(buffer);
    reader.bytes(12);
    reader.string(reader.int16());
    const batches = reader.array(reader.int32(), () => {
      return { partition: reader.int32(), text: String(reader.bytes(reader.int32())) };
    });
    this.requests.push(batches.map(({ partition }) => partition));
    const produced = (text: string) => ({ error: text === 'refused' ? notLeader : 0, offset: text.length });
    return new Map(batches.map(({ partition, text }) => [partition, produced(text)]));
  }
}

describe('batches for one broker', () => {
  it('that are handed over in one turn travel together, each with its own outcome', async () => {
    const world = new World();
    const outcomes = [world.send(0, 'a'), world.send(1, 'refused'), Promise.resolve().then(() => world.send(2, 'c'))];
    expect(await Promise.all(outcomes)).toEqual(['stored', 'NOT_LEADER_FOR_PARTITION', 'stored']);
    expect(world.requests).toEqual([[0, 1], [2]]);
  });

  it('do not make a request that is too large', async () => {
    const world = new World();
    const half = 'x'.repeat(600_000);
    expect(await Promise.all([0, 1, 2].map((partition) => world.send(partition, half)))).toEqual(
      Array(3).fill('stored'),
    );
    expect(world.requests).toEqual([[0], [1], [2]]);
  });

  it('all fail when the connection is lost', async () => {
    const world = new World();
    world.isGone = true;
    expect(await Promise.all([world.send(0, 'a'), world.send(1, 'b')])).toEqual(Array(2).fill('connection lost'));
    world.isGone = false;
    expect(await world.send(0, 'a')).toBe('stored');
  });
});
