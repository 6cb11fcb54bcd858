import { describe, expect, it } from 'vitest';
import { FdpError } from '../../../src/errors.ts';
import { filter } from '../../../src/kit/operator.ts';
import { numbered, snapshotOf, World } from '../../support/engine/engine-world.ts';
import { gone, idOf, rejecting } from '../../support/engine/failing.ts';
import { operatorPlan } from '../../support/engine/world.ts';

describe('bounded memory', () => {
  it('reads no further than its permits while the dead letter of one message cannot be written', async () => {
    const world = new World(numbered(1000));
    world.letters.write = async () => {
      throw new FdpError('FDP_DISK_FULL', 'letters: full');
    };
    const { runtime } = world.start({ operators: [rejecting((id) => id === 3)] });
    await world.clock.advance(20_000);
    expect(snapshotOf(runtime).read).toBe(4 * 7);
    world.letters.write = async (messages) => world.letters.keep(messages);
    await world.clock.advance(40_000);
    expect(snapshotOf(runtime)).toMatchObject({ read: 1000, delivered: 999, rejected: 1 });
    expect(world.log.partitions[0]?.committed).toBe(1000);
  });

  it('reads no further than its permits while one write of several goes wrong', async () => {
    const world = new World(numbered(1000));
    world.sink.ordered = false;
    world.sink.maxInFlight = 2;
    world.sink.write = async (messages) => {
      if (messages.some((message) => idOf(message) === 3)) throw gone();
      return world.sink.keep(messages);
    };
    const { runtime } = world.start();
    await world.clock.advance(20_000);
    expect(snapshotOf(runtime).read).toBe(4 * 7);
  });

  it('gives the event loop its turns while everything that is read is filtered', async () => {
    const world = new World(numbered(7000));
    const none = operatorPlan((_options, context) => filter(context, () => false));
    let atFirstTurn = Number.POSITIVE_INFINITY;
    const { runtime } = world.start({ operators: [none] });
    await new Promise((resolve) => setImmediate(resolve));
    atFirstTurn = snapshotOf(runtime).read;
    expect(atFirstTurn).toBeLessThan(100);
  });
});
