import { describe, expect, it } from 'vitest';
import { DeadLetters } from '../../../src/engine/delivery/dead-letter.ts';
import { FdpError } from '../../../src/errors.ts';
import { toMessage } from '../../../src/kit/message.ts';
import type { Receipt } from '../../../src/kit/sink.ts';
import { Outcome } from '../../../src/kit/track.ts';
import { testEnvironment, testNode } from '../../../src/testing/environment.ts';
import { numbered, World } from '../../support/engine/engine-world.ts';
import { never, rejecting } from '../../support/engine/failing.ts';
import { connectorOf } from '../../support/engine/world.ts';

describe('dead letters', () => {
  it('are written once each, though one of them is refused again and again', async () => {
    const world = new World(numbered(20));
    let refusals = 5;
    world.letters.write = async (messages): Promise<Receipt> => {
      const failed = new Map<number, Error>();
      if (refusals-- > 0) failed.set(1, new FdpError('FDP_BUSY', 'letters: later'));
      world.letters.keep(messages.filter((_message, index) => !failed.has(index)));
      return { failed };
    };
    await world.runToEnd({ operators: [rejecting((id) => id < 4)] });
    expect(world.letters.written).toHaveLength(4);
  });

  it('are tried again when a write does not end in its time', async () => {
    const world = new World(numbered(20));
    let attempts = 0;
    world.letters.write = (messages) => (attempts++ === 0 ? never() : Promise.resolve(world.letters.keep(messages)));
    const { snapshot } = await world.runToEnd({ operators: [rejecting((id) => id < 4)] });
    expect(snapshot).toMatchObject({ rejected: 4, delivered: 16 });
  });

  it('do not keep a forced stop from ending', async () => {
    const world = new World(numbered(20));
    world.letters.write = never;
    const { runtime, ended } = world.start({ operators: [rejecting((id) => id < 4)], shutdownMs: 1000 });
    await world.clock.advance(100);
    runtime.drain();
    expect((await world.clock.until(ended)).exitCode).toBe(3);
  });

  it('do not keep a forced stop from ending either while the log does not give the bytes that were let go', async () => {
    const world = new World([]);
    const { clock } = world;
    const [killed, ends]: [AbortController, Outcome[]] = [new AbortController(), []];
    const { node } = testNode('letters');
    const parts = { sink: world.letters.sink(), node, environment: testEnvironment(clock), writeTimeoutMs: 1000 };
    const letters = new DeadLetters({ ...parts, killed: killed.signal, draining: new AbortController().signal });
    const record = { key: 'A', value: undefined, timestamp: 0, meta: { lane: 'l', offset: 3 } };
    const rejected = toMessage(record, { ended: (outcome) => ends.push(outcome) });
    const lane = { id: 'l', signal: new AbortController().signal, bytesAt: never };
    letters.submit({
      topology: 'p',
      refusedBy: node,
      rejected,
      lane,
      error: new FdpError('FDP_MESSAGE_REFUSED', 'no'),
    });
    await clock.advance(60_000);
    killed.abort();
    await clock.until(letters.idle());
    expect([ends, node.inFlight]).toEqual([[Outcome.released], 0]);
  });

  it('fit into what their target takes, however little that is', async () => {
    const world = new World([{ id: 0, text: 'x'.repeat(100_000) }]);
    const letters = { ...world.letters.sink(), maxMessageBytes: 20_000 };
    const sizes: number[] = [];
    world.letters.write = async (messages) => {
      for (const { value } of messages) sizes.push(Buffer.byteLength(JSON.stringify(value)));
      return world.letters.keep(messages);
    };
    await world.runToEnd({
      operators: [rejecting(() => true)],
      connectors: { letters: connectorOf({ sink: () => letters }) },
    });
    expect(sizes).toHaveLength(1);
    expect(sizes[0]).toBeLessThanOrEqual(20_000);
    expect(sizes[0]).toBeGreaterThan(15_000);
  });
});

describe('the log', () => {
  it('ends with the number of rejections that were not logged', async () => {
    const world = new World(numbered(20));
    await world.runToEnd({ operators: [rejecting((id) => id < 4)] });
    const lines = world.environment.log.lines.filter(({ text }) => text.startsWith('message rejected'));
    expect(lines.map(({ fields }) => fields)).toMatchObject([{ offset: 0 }, { offset: 3, suppressed: 2 }]);
  });
});
