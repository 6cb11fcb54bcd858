import { describe, expect, it } from 'vitest';
import { Runtime } from '../../../src/engine/runtime.ts';
import { parseJson } from '../../../src/kit/json.ts';
import type { TopologySnapshot } from '../../../src/kit/snapshot.ts';
import { VirtualClock } from '../../../src/simulate/virtual-clock.ts';
import { testEnvironment } from '../../../src/testing/environment.ts';
import { type Envelope, ProcessorWorld } from '../../support/engine/processor.ts';

// The topology `processor` as it is shipped: its counters gather what arrives while they write.

/** Batches of a lane that may be unsettled beyond its limits. */
const absorbable = 64;
/** Of a lane, as shipped. */
const laneBatches = 2;

/** Envelopes of one symbol, and so of one lane. */
const ofOneLane = (count: number): Envelope[] =>
  Array.from({ length: count }, (_unused, place): Envelope => [{ s: 'A', p: 1, t: place + 1 }]);

/** A world whose counters can be held before they become durable. */
class HeldWorld {
  readonly clock = new VirtualClock();
  readonly world: ProcessorWorld;
  readonly runtime: Runtime;
  merges = 0;
  #release = () => {};
  #held: Promise<void> | undefined;

  constructor(envelopes: readonly Envelope[], batch: number, prepare = (_world: ProcessorWorld) => {}) {
    this.world = new ProcessorWorld(envelopes);
    prepare(this.world);
    this.world.space.beforeWrite = async (step) => {
      if (step !== 'merge') return;
      this.merges++;
      await this.#held;
    };
    this.runtime = new Runtime(this.world.plan(batch), testEnvironment(this.clock));
  }

  get snapshot(): TopologySnapshot {
    return this.runtime.snapshot()[0] as TopologySnapshot;
  }

  hold(): void {
    this.#held = new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  release(): void {
    this.#held = undefined;
    this.#release();
  }

  async untilCaughtUp(): Promise<void> {
    for (let left = 600; !this.world.isCaughtUp; left--) {
      if (left === 0) throw new Error('a minute was not enough');
      await this.clock.advance(100);
    }
  }

  async drained(ended: Promise<unknown>): Promise<void> {
    this.runtime.drain();
    expect(await this.clock.until(ended)).toEqual({ exitCode: 0, unfinished: [] });
    expect(this.clock.timers).toBe(0);
    this.world.space.dispose();
  }
}

describe('what a sink has absorbed', () => {
  it('gives its permits back, within bounds, and is committed when it is durable', async () => {
    const held = new HeldWorld(ofOneLane(500), 1);
    held.hold();
    const ended = held.runtime.run();
    await held.clock.advance(900);
    expect(held.world.committed).toEqual([0, 0]);
    const { inFlight } = held.snapshot;
    expect(inFlight).toBeGreaterThan(absorbable);
    expect(inFlight).toBeLessThanOrEqual(absorbable + laneBatches + 1);
    expect(held.world.stored.trades).toHaveLength(inFlight);
    await held.clock.advance(60_000);
    expect(held.snapshot.inFlight).toBe(inFlight);
    expect(held.world.committed).toEqual([0, 0]);
    held.release();
    await held.untilCaughtUp();
    expect(held.world.stored).toEqual(held.world.expected);
    await held.drained(ended);
  });

  it('is one write, however many batches it came in', async () => {
    const held = new HeldWorld(ofOneLane(60), 1);
    held.hold();
    const ended = held.runtime.run();
    await held.clock.advance(900);
    const before = held.merges;
    expect(before).toBe(1);
    held.release();
    await held.untilCaughtUp();
    expect(held.merges - before).toBeLessThanOrEqual(2);
    expect(held.world.stored).toEqual(held.world.expected);
    await held.drained(ended);
  });

  it('is counted at once where nothing else comes', async () => {
    const held = new HeldWorld(ofOneLane(1), 100);
    const ended = held.runtime.run();
    await held.clock.advance(5);
    expect(held.world.stored).toEqual(held.world.expected);
    await held.drained(ended);
  });

  it('is written by a drain without delay', async () => {
    const held = new HeldWorld(ofOneLane(60), 1);
    held.hold();
    const ended = held.runtime.run();
    await held.clock.advance(900);
    held.runtime.drain();
    held.release();
    const since = held.clock.monotonic();
    expect(await held.clock.until(ended)).toEqual({ exitCode: 0, unfinished: [] });
    expect(held.clock.monotonic() - since).toBeLessThan(1000);
    expect(held.world.stored).toEqual(held.world.expected);
    held.world.space.dispose();
  });

  it('has a letter for each message of a row that is refused, with its place and bytes, and no other', async () => {
    const envelopes = Array.from({ length: 40 }, (_unused, place): Envelope => {
      const trade = (s: string) => ({ s, p: 1, t: place + 1 });
      return [trade('A'), trade('B'), trade('A')];
    });
    const held = new HeldWorld(envelopes, 3, breakRow('B'));
    held.hold();
    const ended = held.runtime.run();
    await held.clock.advance(900);
    held.release();
    await held.untilCaughtUp();
    const letters = lettersIn(held.world);
    expect(letters.map(({ origin }) => [origin.offset, origin.index])).toEqual(
      envelopes.map((_unused, offset) => [offset, 1]),
    );
    for (const { sink, value, origin } of letters) {
      expect(sink).toBe('symbols');
      expect(parseJson(value)).toMatchObject({ data: [{ t: origin.offset + 1 }, {}, {}] });
    }
    expect(held.world.stored.symbols['A']).toEqual([80, 40]);
    expect(held.snapshot).toMatchObject({ read: 40, rejected: 40, inFlight: 0 });
    await held.drained(ended);
  });
});

/** Of each symbol in turn, one trade after the other: a backlog of many keys. */
const ofManySymbols = (symbols: number, rounds: number): Envelope[] =>
  Array.from(
    { length: symbols * rounds },
    (_unused, place): Envelope => [{ s: `S${place % symbols}`, p: 1, t: place + 1 }],
  );

describe('a backlog of many keys', () => {
  it('is one change of each row, however many batches it came in', async () => {
    const held = new HeldWorld(ofManySymbols(20, 10), 10);
    const ended = held.runtime.run();
    await held.untilCaughtUp();
    expect(held.world.stored).toEqual(held.world.expected);
    expect(held.merges).toBe(2);
    expect(held.snapshot).toMatchObject({ read: 200, delivered: 200, inFlight: 0 });
    const [symbols] = held.snapshot.nodes.filter(({ name }) => name === 'symbols');
    expect(symbols).toMatchObject({ in: 200, out: 200, inFlight: 0 });
    await held.drained(ended);
  });

  it('has a letter for each message of a row that is refused, whose bytes are read again', async () => {
    const held = new HeldWorld(ofManySymbols(20, 10), 10, breakRow('S7'));
    const ended = held.runtime.run();
    await held.untilCaughtUp();
    const letters = lettersIn(held.world);
    expect(letters).toHaveLength(10);
    for (const { sink, value } of letters) {
      expect(sink).toBe('symbols');
      expect(parseJson(value)).toMatchObject({ data: [{ s: 'S7' }] });
    }
    expect(new Set(letters.map(({ value }) => value)).size).toBe(10);
    const { S7: _broken, ...others } = held.world.expected.symbols;
    expect(held.world.stored.symbols).toMatchObject(others);
    expect(held.snapshot).toMatchObject({ read: 200, delivered: 190, rejected: 10, inFlight: 0 });
    await held.drained(ended);
  });

  it('is released, all of it, when the stop is forced while its write is under way', async () => {
    const held = new HeldWorld(ofManySymbols(20, 10), 10);
    held.hold();
    const ended = held.runtime.run();
    await held.clock.advance(900);
    expect(held.merges).toBe(2);
    held.runtime.force();
    await held.clock.until(ended);
    expect(held.snapshot).toMatchObject({ read: 200, delivered: 0, released: 200, inFlight: 0 });
    const [symbols] = held.snapshot.nodes.filter(({ name }) => name === 'symbols');
    expect(symbols).toMatchObject({ in: 200, out: 0, released: 200, inFlight: 0 });
    held.world.space.dispose();
  });

  it('is counted once where it is read again after other cuts', async () => {
    const held = new HeldWorld(ofManySymbols(20, 10), 10);
    const first = held.runtime.run();
    await held.untilCaughtUp();
    held.runtime.drain();
    await held.clock.until(first);
    for (const share of [0.9, 0.37, 0]) {
      held.world.rewind(share);
      const again = new Runtime(held.world.plan(7), testEnvironment(held.clock));
      const ended = again.run();
      await held.untilCaughtUp();
      expect(held.world.stored).toEqual(held.world.expected);
      expect(again.snapshot()[0]?.nodes.find(({ name }) => name === 'symbols')?.extra).toEqual({});
      again.drain();
      await held.clock.until(ended);
    }
    held.world.space.dispose();
  });
});

/** Another program has put something there that nobody can count on. */
function breakRow(symbol: string) {
  return ({ space }: ProcessorWorld) => {
    const values = { symbol, tradeCount: 'many', lastTradeAt: null };
    const row = { values, marks: {}, states: {}, lane: '', offset: -1, index: 0, at: 0 };
    const byKey = new Map([[symbol, 1]]);
    space.tables.set('symbols', { nextId: 2, rows: new Map([[1, row]]), byKey, removedTo: new Map() } as never);
  };
}

function lettersIn({ space }: ProcessorWorld): Letter[] {
  return [...space.topics.values()]
    .filter(({ groups }) => groups.size === 0)
    .flatMap(({ partitions }) => partitions.flatMap(({ records }) => records))
    .map(({ value }) => parseJson(String(value)) as Letter);
}

interface Letter {
  readonly sink: string;
  readonly value: string;
  readonly origin: { readonly offset: number; readonly index: number };
}
