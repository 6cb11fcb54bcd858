import { describe, expect, it } from 'vitest';
import { dedupe } from '../../../operators/dedupe.ts';
import { require as requireOperator } from '../../../operators/require.ts';
import { Runtime } from '../../../src/engine/runtime.ts';
import { FdpError } from '../../../src/errors.ts';
import { seededChance } from '../../../src/kit/chance.ts';
import type { Message } from '../../../src/kit/message.ts';
import type { Receipt } from '../../../src/kit/sink.ts';
import { VirtualClock } from '../../../src/simulate/virtual-clock.ts';
import { testEnvironment } from '../../../src/testing/environment.ts';
import { connectorOf, planOf, WorldLog, WorldSink } from '../../support/engine/world.ts';

const idOf = (message: Message) => (message.value as { readonly id: number }).id;

describe('a sink that fails half of its writes', () => {
  it('after a dedupe and a reject, before a follower: 20 of 20 delivered, each once, whatever the seed', async () => {
    for (let seed = 0; seed < 50; seed++) {
      const clock = new VirtualClock();
      const chance = seededChance(seed);
      const twins = Array.from({ length: 20 }, (_, id) => [{ id }, { id }]).flat();
      const log = new WorldLog(clock, [[...twins, { id: -1 }, ...twins]]);
      const [first, follower, letters] = [new WorldSink(), new WorldSink(), new WorldSink()];
      first.write = async (messages): Promise<Receipt> => {
        await clock.sleep(10 * chance.next());
        if (chance.next() < 0.25) throw new FdpError('FDP_CONNECTION_LOST', 'first: gone');
        const failed = new Map<number, Error>();
        for (const [index, message] of messages.entries())
          if (chance.next() < 0.25) failed.set(index, new FdpError('FDP_BUSY', 'first: later'));
          else first.written.push(message);
        return { failed };
      };
      first.ordered = false;
      first.maxInFlight = 3;
      const plan = planOf({
        connectors: {
          log: connectorOf({ source: () => log.source() }),
          first: connectorOf({ sink: () => first.sink() }),
          follower: connectorOf({ sink: () => follower.sink() }),
          letters: connectorOf({ sink: () => letters.sink() }),
        },
        source: 'log',
        operators: [
          { declaration: dedupe, options: { key: '{id}', max_keys: 1000 } },
          { declaration: requireOperator, options: 'id >= 0' },
        ],
        sinks: ['first', { connector: 'follower', after: 'first' }],
        deadLetter: 'letters',
      });
      const runtime = new Runtime(plan, testEnvironment(clock, seed));
      expect((await clock.until(runtime.run())).exitCode).toBe(0);
      const ids = Array.from({ length: 20 }, (_, id) => id);
      expect([seed, first.written.map(idOf).sort((a, b) => a - b)]).toEqual([seed, ids]);
      expect([seed, follower.written.map(idOf).sort((a, b) => a - b)]).toEqual([seed, ids]);
      expect(letters.written).toHaveLength(1);
      expect(runtime.snapshot()[0]).toMatchObject({ read: 81, delivered: 20, filtered: 60, rejected: 1, inFlight: 0 });
    }
  });
});
