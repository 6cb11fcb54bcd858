import { describe, expect, it } from 'vitest';
import { FdpError } from '../../../src/errors.ts';
import { lookup } from '../../../src/kit/operator.ts';
import type { Receipt } from '../../../src/kit/sink.ts';
import { idsOf, numbered, snapshotOf, World } from '../../support/engine/engine-world.ts';
import { gone, idOf, never } from '../../support/engine/failing.ts';
import { operatorPlan } from '../../support/engine/world.ts';

describe('log lines', () => {
  it('are written once per problem, and once when it is over', async () => {
    const world = new World(numbered(100));
    let isAway = true;
    world.sink.write = async (messages) => {
      if (isAway) throw gone();
      return world.sink.keep(messages);
    };
    const { runtime } = world.start();
    await world.clock.advance(60_000);
    isAway = false;
    await world.clock.advance(60_000);
    expect(snapshotOf(runtime)).toMatchObject({ delivered: 100 });
    const lines = world.environment.log.lines.filter(({ level, text }) => level !== 'debug' && text !== 'stopped');
    expect(lines.map(({ level, text }) => `${level} ${text}`)).toEqual([
      'warn sink is retrying: sink: gone',
      'info sink is ok again',
    ]);
  });
});

describe('retries', () => {
  it('leave no timer behind when a write that ran out of its time has failed', async () => {
    const world = new World(numbered(7));
    let attempts = 0;
    world.sink.write = async (messages, signal) => {
      if (attempts++ === 0) {
        await world.clock.sleep(60_000, signal);
        throw gone();
      }
      return world.sink.keep(messages);
    };
    await world.runToEnd();
    expect(world.clock.timers).toBe(0);
  });

  it('of an unclassified failure at an ordered sink do not count against those that follow with its key', async () => {
    const world = new World(Array.from({ length: 7 }, (_unused, id) => ({ id, key: 'A' })));
    world.sink.write = async (messages): Promise<Receipt> => {
      const poison = messages.findIndex((message) => idOf(message) === 2);
      const good = poison < 0 ? messages : messages.slice(0, poison);
      world.sink.keep(good);
      return {
        failed: new Map(messages.slice(good.length).map((_m, index) => [good.length + index, new Error('no')])),
      };
    };
    const { snapshot } = await world.runToEnd();
    expect(idsOf(world.sink.written)).toEqual([0, 1, 3, 4, 5, 6]);
    expect(snapshot).toMatchObject({ delivered: 6, rejected: 1 });
  });

  it('query no store once their lane is gone', async () => {
    const world = new World(numbered(7));
    world.log.ends = false;
    let asked = 0;
    const stuck = operatorPlan((_options, context) =>
      lookup(
        context,
        () => {
          asked++;
          return never();
        },
        { timeoutMs: 5000 },
      ),
    );
    const { runtime } = world.start({ operators: [stuck] });
    await world.clock.advance(100);
    runtime.force();
    await world.clock.advance(100);
    expect(asked).toBe(1);
    expect(snapshotOf(runtime)).toMatchObject({ inFlight: 0, released: 7 });
  });
});

describe('a refusal for good', () => {
  it('of a whole write is tracked down to the one message without any wait', async () => {
    const world = new World(numbered(400));
    world.log.batchSize = 400;
    world.sink.write = async (messages) => {
      if (messages.some((message) => idOf(message) === 1))
        throw new FdpError('FDP_MESSAGE_REFUSED', 'sink: one of them is no good');
      return world.sink.keep(messages);
    };
    const { runtime } = world.start();
    await world.clock.advance(0);
    expect(snapshotOf(runtime)).toMatchObject({ delivered: 399, rejected: 1 });
    expect(idsOf(world.sink.written)).toEqual([0, ...Array.from({ length: 398 }, (_unused, index) => index + 2)]);
  });
});
