import { describe, expect, it } from 'vitest';
import { Counting } from '../../../src/engine/delivery/counting.ts';
import { coordinatesOf } from '../../../src/kit/origin.ts';
import type { Receipt } from '../../../src/kit/sink.ts';
import { testMessage } from '../../../src/testing/connector-bench.ts';
import { numbered, World } from '../../support/engine/engine-world.ts';
import { gone, idOf } from '../../support/engine/failing.ts';
import { connectorOf, WorldSink } from '../../support/engine/world.ts';

describe('counters', () => {
  /** Counts nothing below an offset, as after a rewind with another pipeline. */
  function markedAt(offset: number, sink: WorldSink): WorldSink {
    sink.write = async (messages): Promise<Receipt> => {
      const known = messages.filter(({ meta }) => (meta.offset ?? 0) < offset);
      sink.keep(messages.slice(known.length));
      return { known: new Map(known.map((message, index) => [index, coordinatesOf(message)])) };
    };
    return sink;
  }

  const after = { sinks: ['sink', { connector: 'counters', after: 'sink', input: 'merges' as const }] };

  it('that find a message stored just now below their mark say that it is not counted', async () => {
    const world = new World(numbered(20));
    const counters = markedAt(5, new WorldSink());
    const { snapshot } = await world.runToEnd({
      ...after,
      connectors: { counters: connectorOf({ sink: () => counters.sink() }) },
    });
    expect(snapshot.nodes.find(({ name }) => name === 'counters')?.extra).toEqual({ uncounted: 5 });
    expect(world.environment.log.lines.filter(({ text }) => text.includes('not counted'))).toHaveLength(1);
  });

  it('say so of each that a message stands for', () => {
    const message = { ...testMessage({}), together: { count: 7, parts: () => [] } };
    const counting = new Counting(
      { storedBefore: new WeakSet(), mayBeCounted: new WeakSet() },
      new AbortController().signal,
    );
    counting.confirmed(message, coordinatesOf(message));
    expect(counting.uncounted).toBe(7);
  });

  it('say nothing of what was stored before, nor of what they may have counted in an attempt that failed', async () => {
    const world = new World(numbered(20));
    const counters = markedAt(5, new WorldSink());
    const { write } = counters;
    let failures = 1;
    counters.write = async (messages, signal) => {
      if (failures-- > 0) throw gone();
      return write(messages, signal);
    };
    world.sink.write = async (messages): Promise<Receipt> => {
      const known = [...messages.entries()].filter(([, message]) => idOf(message) > 10);
      return { known: new Map(known.map(([index, message]) => [index, coordinatesOf(message)])) };
    };
    const { snapshot } = await world.runToEnd({
      ...after,
      connectors: { counters: connectorOf({ sink: () => counters.sink() }) },
    });
    expect(snapshot.nodes.find(({ name }) => name === 'counters')?.extra).toEqual({});
  });
});
