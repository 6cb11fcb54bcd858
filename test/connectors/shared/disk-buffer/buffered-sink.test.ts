import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Database } from '../../../../connectors/shared/sqlite-file/database.ts';
import { toMessage } from '../../../../src/kit/message.ts';
import { testNode } from '../../../../src/testing/environment.ts';
import { sourceMessage } from '../../../support/engine/operators.ts';
import { World } from './buffered-log.ts';

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
