import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BufferedSink } from '../../../../connectors/shared/disk-buffer/buffered-sink.ts';
import { Database } from '../../../../connectors/shared/sqlite-file/database.ts';
import { FdpError } from '../../../../src/errors.ts';
import { onAbort, unlessAborted } from '../../../../src/kit/clock.ts';
import { type Message, toMessage } from '../../../../src/kit/message.ts';
import { NodeStats } from '../../../../src/kit/node-stats.ts';
import { outcomesAt } from '../../../../src/kit/outcomes.ts';
import type { RoleContext } from '../../../../src/kit/role.ts';
import type { Receipt, Sink } from '../../../../src/kit/sink.ts';
import { Outcome } from '../../../../src/kit/track.ts';
import { VirtualClock } from '../../../../src/simulate/virtual-clock.ts';
import { roleContext, testEnvironment, testNode } from '../../../../src/testing/environment.ts';
import { temporaryFolder } from '../../../support/cli/platform.ts';
import { sourceMessage } from '../../../support/engine/operators.ts';

/** A log that can be away, slow, or refuse. */
class Log {
  readonly texts: string[] = [];
  state: 'there' | 'away' | 'silent' = 'there';
  /** Fail alone, each with its error. */
  readonly fails = new Map<string, Error>();
  /** Whole writes with one of them are refused for good. */
  spoils: string[] = [];
  /** How long it takes to store something. */
  delay: (signal: AbortSignal) => Promise<void> = async () => {};
  /** Takes its time, and stores what it was not waited for all the same: known by the message when it comes again. */
  inFlightMs: number | undefined;
  readonly #late = new WeakMap<Message, Promise<void>>();
  connects = 0;
  closed = false;

  readonly #clock: VirtualClock;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  async #inFlight(messages: readonly Message[], signal: AbortSignal): Promise<Receipt> {
    const stored = messages.map((message) => {
      const known = this.#late.get(message);
      if (known) return known;
      const stored = this.#clock.sleep(this.inFlightMs ?? 0).then(() => void this.texts.push(String(message.value)));
      this.#late.set(message, stored);
      return stored;
    });
    await unlessAborted(signal, Promise.all(stored), () => new FdpError('FDP_TIMEOUT', 'log: not confirmed yet'));
    return {};
  }

  sink(): Sink {
    const away = () => new FdpError('FDP_CONNECTION_LOST', 'log: away');
    return {
      ordered: true,
      maxMessageBytes: 200,
      connect: async () => {
        this.connects++;
        if (this.state === 'away') throw away();
      },
      close: async () => {
        this.closed = true;
      },
      write: async (messages, signal): Promise<Receipt> => {
        if (this.state === 'away') throw away();
        if (this.inFlightMs !== undefined) return this.#inFlight(messages, signal);
        if (this.state === 'silent') await new Promise<void>((resolve) => onAbort(signal, resolve));
        await this.delay(signal);
        if (signal.aborted) throw away();
        const texts = messages.map(({ value }) => (typeof value === 'string' ? value : JSON.stringify(value)));
        if (texts.some((text) => this.spoils.includes(text))) throw new FdpError('FDP_MESSAGE_REFUSED', 'log: spoilt');
        const failed = new Map(
          [...texts.entries()].flatMap(([index, text]) => {
            const error = this.fails.get(text);
            return error ? [[index, error] as const] : [];
          }),
        );
        this.texts.push(...texts.filter((_text, index) => !failed.has(index)));
        return { failed };
      },
    };
  }
}

class World {
  readonly folder = temporaryFolder();
  readonly clock = new VirtualClock();
  readonly log = new Log(this.clock);
  readonly context = roleContext(testEnvironment(this.clock), { sourceReplays: false });
  sent = 0;

  open({ node, outcomes }: Pick<RoleContext, 'node' | 'outcomes'> = this.context, maxBytes = 1_000_000): BufferedSink {
    const options = { name: 'ticks', path: join(this.folder.path, 'buffer.db'), maxBytes };
    return new BufferedSink(this.log.sink(), options, { ...this.context, node, outcomes });
  }

  connect(sink: Sink): Promise<void> {
    return this.clock.until(sink.connect(new AbortController().signal));
  }

  write(sink: Sink, count = 1): Promise<Receipt> {
    const messages = Array.from({ length: count }, (): Message => toMessage(sourceMessage(this.sent++), undefined));
    return this.clock.until(sink.write(messages, new AbortController().signal));
  }

  get expected(): string[] {
    return Array.from({ length: this.sent }, (_, at) => String(at));
  }

  [Symbol.dispose](): void {
    this.folder[Symbol.dispose]();
  }
}

describe('disk buffer', () => {
  it('stays out of the way while the log confirms', async () => {
    using world = new World();
    const sink = world.open();
    await world.connect(sink);
    await world.write(sink, 3);
    expect(world.log.texts).toEqual(world.expected);
    expect(world.context.node.extra['buffered'] ?? 0).toBe(0);
    await world.clock.until(sink.close());
    expect(world.log.closed).toBe(true);
  });

  it('keeps what the log does not confirm within a second, and brings it in order when the log is back', async () => {
    using world = new World();
    const sink = world.open();
    await world.connect(sink);
    await world.write(sink, 2);
    for (const state of ['away', 'silent'] as const) {
      world.log.state = state;
      for (let at = 0; at < 10; at++) await world.write(sink, 3);
      expect(world.context.node.extra['buffered']).toBe(30);
      world.log.state = 'there';
      await world.write(sink, 1);
      await world.clock.advance(60_000);
      await world.write(sink, 1);
      expect(world.log.texts).toEqual(world.expected);
      expect(world.context.node.extra['buffered']).toBe(0);
    }
    expect(world.context.node.extra['dropped']).toBeUndefined();
    await world.clock.until(sink.close());
  });

  it('is retrying from a start without the log until it is connected, and logs it once', async () => {
    using world = new World();
    world.log.state = 'away';
    const { node } = world.context;
    const sink = world.open();
    await world.connect(sink);
    expect(node).toMatchObject({ state: 'retrying', reason: 'log: away' });
    await world.write(sink, 3);
    expect(node.state).toBe('retrying');
    world.log.state = 'there';
    await world.clock.advance(60_000);
    expect(node).toMatchObject({ state: 'ok', reason: undefined });
    expect(world.log.texts).toEqual(world.expected);
    await world.clock.until(sink.close());
  });

  it('starts without the log, and gives the next process what a killed one left', async () => {
    using world = new World();
    world.log.state = 'away';
    const killed = world.open();
    await world.connect(killed);
    await world.write(killed, 20);
    const next = world.open();
    await world.connect(next);
    await world.write(next, 5);
    world.log.state = 'there';
    await world.clock.until(killed.close().then(() => world.clock.sleep(60_000)));
    expect([...new Set(world.log.texts)]).toEqual(world.expected);
    await world.clock.until(next.close());
  });

  it('drops the oldest when it is full, counts them, is red, and well again once there is room', async () => {
    using world = new World();
    world.log.state = 'away';
    const sink = world.open(undefined, 66 * 10);
    await world.connect(sink);
    for (let at = 0; at < 25; at++) await world.write(sink);
    expect(world.context.node).toMatchObject({ state: 'retrying', extra: { dropped: 15, buffered: 10 } });
    world.log.state = 'there';
    await world.clock.advance(60_000);
    expect(world.log.texts).toEqual(world.expected.slice(15));
    expect(world.context.node.state).toBe('ok');
    await world.clock.until(sink.close());
  });

  it('leaves one gap for each key whose trades it drops, before what came after them, and keeps the gaps of feeds', async () => {
    using world = new World();
    const { log, clock } = world;
    const sink = world.open(world.context, 3000);
    await world.connect(sink);
    log.state = 'away';
    const write = (key: string, value: object) =>
      clock.until(
        sink.write([toMessage({ ...sourceMessage(0), key, value }, undefined)], new AbortController().signal),
      );
    const trade = (key: string, t: number) => write(key, { type: 'trade', data: [{ s: key, p: 1, t, v: 1 }] });
    await write('AAPL', { type: 'gap', data: [], gap: { from: 1, to: 2, reason: 'away', feed: 'finnhub' } });
    for (let t = 1000; t < 1100; t++) await trade(t % 2 === 0 ? 'AAPL' : 'AMD', t);
    const { dropped } = world.context.node.extra;
    log.state = 'there';
    await clock.advance(60_000);
    const values = log.texts.map((text) => JSON.parse(text));
    const gaps = values.filter(({ type }) => type === 'gap').map(({ gap }) => gap);
    const times: number[] = values.flatMap(({ data }) => data.map(({ t }: { t: number }) => t));
    expect(dropped).toBe(100 - times.length);
    expect(times).toEqual(Array.from({ length: times.length }, (_, at) => 1100 - times.length + at));
    const [lastEven, lastOdd] = [1099 - times.length, 1098 - times.length].sort((a, b) => (a % 2) - (b % 2));
    const full = { reason: 'the disk buffer was full', feed: 'ticks' };
    expect(gaps).toHaveLength(3);
    expect(gaps).toContainEqual({ from: 1000, to: (lastEven ?? 0) + 1, symbol: 'AAPL', ...full });
    expect(gaps).toContainEqual({ from: 1001, to: (lastOdd ?? 0) + 1, symbol: 'AMD', ...full });
    expect(gaps).toContainEqual({ from: 1, to: 2, reason: 'away', feed: 'finnhub' });
    expect(values.slice(0, 3).every(({ type }) => type === 'gap')).toBe(true);

    // A later loss has a gap of its own, not one that reaches back to the first.
    log.state = 'away';
    for (let t = 9000; t < 9100; t++) await trade('AAPL', t);
    log.state = 'there';
    await clock.advance(60_000);
    const later = log.texts.map((text) => JSON.parse(text)).filter(({ gap }) => gap?.to > 9000);
    expect(later.map(({ gap }) => gap.from)).toEqual([9000]);
    await clock.until(sink.close());
  });

  it('fails alone what the log would never take, and ends with what a person must cure', async () => {
    using world = new World();
    world.log.state = 'away';
    const sink = world.open();
    await world.connect(sink);
    const large = toMessage(sourceMessage('x'.repeat(300)), undefined);
    const { failed } = await world.clock.until(sink.write([large], new AbortController().signal));
    expect(failed?.get(0)).toMatchObject({ code: 'FDP_MESSAGE_REFUSED' });
    await world.clock.until(sink.close());
  });

  it('keeps on the disk only what the log can take later, not what it took, nor what it will never take', async () => {
    using world = new World();
    const sink = world.open();
    await world.connect(sink);
    const refused = new FdpError('FDP_MESSAGE_REFUSED', 'log: no');
    world.log.fails.set('1', new FdpError('FDP_BUSY', 'log: later')).set('2', refused);
    expect((await world.write(sink, 4)).failed).toEqual(new Map([[2, refused]]));
    expect(world.context.node.extra['buffered']).toBe(1);
    world.log.fails.clear();
    await world.clock.advance(60_000);
    expect(world.log.texts).toEqual(['0', '3', '1']);
    await world.clock.until(sink.close());
  });

  it('rejects the one message for which the log refuses whole writes, and brings the others', async () => {
    using world = new World();
    world.log.state = 'away';
    const sink = world.open();
    await world.connect(sink);
    await world.write(sink, 9);
    world.log.state = 'there';
    world.log.spoils = ['5'];
    await world.clock.advance(60_000);
    expect(world.log.texts).toEqual(world.expected.filter((text) => text !== '5'));
    expect(world.context.node).toMatchObject({ made: 1, rejected: 1, extra: { buffered: 0 } });
    expect(world.context.rejections).toMatchObject([{ code: 'FDP_MESSAGE_REFUSED' }]);
    world.log.spoils = ['9'];
    await expect(world.write(sink)).rejects.toMatchObject({ code: 'FDP_MESSAGE_REFUSED' });
    expect(world.context.node.extra['buffered']).toBe(0);
    await world.clock.until(sink.close());
  });

  it('keeps what the log refuses until its letter is written, and drops a letter, which has none', async () => {
    using world = new World();
    world.log.state = 'away';
    const owner = { outcome: Outcome.released as Outcome };
    const node = new NodeStats('ticks', 'sink', 'log', { stateChanged: () => {} });
    const outcomes = outcomesAt(node, (_lane, message) => message.track.end(owner.outcome));
    const sink = world.open({ node, outcomes });
    await world.connect(sink);
    await world.write(sink);
    world.log.fails.set('0', new FdpError('FDP_MESSAGE_REFUSED', 'log: no'));
    world.log.state = 'there';
    await world.clock.advance(60_000);
    expect(node.extra['buffered']).toBe(1);
    owner.outcome = Outcome.rejected;
    await world.clock.advance(60_000);
    expect(node.extra).toEqual({ buffered: 0 });
    await world.clock.until(sink.close());

    const letters = testNode('letters', 'dead_letter');
    world.log.state = 'away';
    const letterSink = world.open(letters);
    await world.connect(letterSink);
    world.sent = 0;
    await world.write(letterSink);
    world.log.state = 'there';
    await world.clock.advance(60_000);
    expect([letters.node.extra, letters.rejections]).toEqual([{ buffered: 0, dropped: 1 }, []]);
    await world.clock.until(letterSink.close());
  });

  it('brings each message once when the writes of several lanes run out of time together', async () => {
    using world = new World();
    const sink = world.open();
    await world.connect(sink);
    world.log.delay = (signal) => world.clock.sleep(5000, signal);
    const writes = [0, 500].map(async (ms) => {
      await world.clock.sleep(ms);
      const messages = [0, 1, 2].map(() => toMessage(sourceMessage(world.sent++), undefined));
      return sink.write(messages, new AbortController().signal);
    });
    await world.clock.until(Promise.all(writes));
    await world.clock.advance(60_000);
    expect(world.log.texts).toEqual(world.expected);
    await world.clock.until(sink.close());
  });

  it('brings each message once to a log that takes longer than anybody waits', async () => {
    using world = new World();
    const sink = world.open();
    await world.connect(sink);
    world.log.inFlightMs = 40_000;
    for (let at = 0; at < 5; at++) await world.write(sink, 3);
    await world.clock.advance(300_000);
    expect(world.log.texts).toEqual(world.expected);
    expect(world.context.node.extra['buffered']).toBe(0);
    await world.clock.until(sink.close());
  });

  it('removes again what it could not remove after the log had confirmed it, and sends none of it twice', async () => {
    using world = new World();
    world.log.state = 'away';
    const sink = world.open();
    await world.connect(sink);
    await world.write(sink, 20);
    const other = new Database(join(world.folder.path, 'buffer.db'));
    other.exec('BEGIN IMMEDIATE');
    world.log.state = 'there';
    await world.clock.advance(60_000);
    expect(world.context.node.extra['buffered']).toBe(20);
    other.exec('ROLLBACK');
    other.close();
    await world.clock.advance(60_000);
    expect(world.log.texts).toEqual(world.expected);
    expect(world.context.node.extra['buffered']).toBe(0);
    await world.clock.until(sink.close());
  });

  it('counts as uncertain only what a process that died may have brought already', async () => {
    using world = new World();
    world.log.state = 'away';
    const killed = world.open();
    await world.connect(killed);
    await world.write(killed, 7);
    expect(world.context.node.extra['uncertain']).toBeUndefined();
    const next = testNode('ticks', 'sink');
    const sink = world.open(next);
    await world.connect(sink);
    expect(next.node.extra['uncertain']).toBe(7);
    await world.clock.until(killed.close().then(() => sink.close()));
  });
});
