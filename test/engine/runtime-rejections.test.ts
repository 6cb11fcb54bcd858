import { describe, expect, it } from 'vitest';
import { FdpError } from '../../src/errors.ts';
import { perMessage } from '../../src/kit/operator.ts';
import type { Receipt } from '../../src/kit/sink.ts';
import { idsOf, numbered, snapshotOf, World } from '../support/engine/engine-world.ts';
import { operatorPlan } from '../support/engine/world.ts';

describe('runtime', () => {
  it('tries an unclassified failure of one message five times, then puts it in the dead letter; the others continue', async () => {
    const world = new World(numbered(20));
    let attempts = 0;
    world.sink.write = async (messages) => {
      const poison = messages.findIndex((message) => (message.value as { id: number }).id === 11);
      if (poison >= 0 && messages.length === 1) attempts++;
      if (poison >= 0) throw new Error('cannot store eleven');
      return world.sink.keep(messages);
    };
    const { snapshot } = await world.runToEnd();
    expect(idsOf(world.sink.written)).toEqual(
      numbered(20)
        .map(({ id }) => id)
        .filter((id) => id !== 11),
    );
    expect(attempts).toBe(5);
    expect(snapshot).toMatchObject({ delivered: 19, rejected: 1 });
    expect(world.letters.values).toMatchObject([
      {
        code: 'FDP_MESSAGE_INVALID',
        reason: 'cannot store eleven',
        node: 'sink',
        sink: 'sink',
        origin: { offset: 11, key: 'C' },
      },
    ]);
    expect(world.log.partitions[0]?.committed).toBe(20);
  });

  it('rejects permanently refused messages at once and keeps the rest of the batch', async () => {
    const world = new World(numbered(20));
    let writes = 0;
    world.sink.write = async (messages): Promise<Receipt> => {
      writes++;
      const refused = new FdpError('FDP_MESSAGE_REFUSED', 'sink: no');
      const failed = new Map(
        [...messages.entries()]
          .filter(([, { value }]) => (value as { id: number }).id % 5 === 0)
          .map(([index]) => [index, refused]),
      );
      world.sink.keep(messages.filter((_message, index) => !failed.has(index)));
      return { failed };
    };
    const { snapshot } = await world.runToEnd();
    expect(snapshot).toMatchObject({ delivered: 16, rejected: 4 });
    expect(writes).toBe(Math.ceil(20 / 7));
    expect(world.letters.written).toHaveLength(4);
  });

  it('holds a replayable source after a thousand rejections in a row, logs it, and ends with 0 when stopped', async () => {
    const world = new World(numbered(5000));
    const refuse = operatorPlan((_options, context) =>
      perMessage(context, () => {
        throw new Error('no');
      }),
    );
    const { runtime, ended } = world.start({ operators: [refuse] });
    await world.clock.advance(60_000);
    expect(snapshotOf(runtime)).toMatchObject({ state: 'held', ready: false });
    expect(snapshotOf(runtime).rejected).toBeGreaterThanOrEqual(1000);
    expect(snapshotOf(runtime).rejected).toBeLessThan(1100);
    runtime.drain();
    expect((await world.clock.until(ended)).exitCode).toBe(0);
    expect(world.letters.written).toHaveLength(snapshotOf(runtime).rejected);
  });

  it('continues after any number of rejections of one or two keys, and of several rules, and stores later messages', async () => {
    const bad = [...numbered(4000).filter(({ key }) => key !== 'C'), ...numbered(600, 4000)];
    const world = new World([...bad, { id: 9999, key: 'D' }]);
    const refuse = operatorPlan((_options, context) =>
      perMessage(context, (message) => {
        const { id } = message.value as { id: number };
        if (id === 9999) return message;
        throw new FdpError('FDP_MESSAGE_INVALID', 'no', { rule: id < 4000 ? 'one' : 'other' });
      }),
    );
    const { snapshot } = await world.runToEnd({ operators: [refuse] });
    expect(snapshot).toMatchObject({ state: 'stopped', rejected: bad.length, delivered: 1 });
    expect(idsOf(world.sink.written)).toEqual([9999]);
  });

  it('keeps a topology waiting while its dead letter cannot be written, and loses no letter', async () => {
    const world = new World(numbered(60));
    let failures = 10;
    world.letters.write = async (messages) => {
      if (failures-- > 0) throw new Error('full');
      return world.letters.keep(messages);
    };
    const odd = operatorPlan((_options, context) =>
      perMessage(context, (message) => {
        if ((message.value as { id: number }).id % 2 === 1) throw new Error('odd');
        return message;
      }),
    );
    const { snapshot } = await world.runToEnd({ operators: [odd] });
    expect(snapshot).toMatchObject({ delivered: 30, rejected: 30 });
    expect(world.letters.written).toHaveLength(30);
  });
});
