import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BufferedSink } from '../../connectors/log/buffered-sink.ts';
import type { Receipt, Sink } from '../../src/engine/component.ts';
import { type Message, messageOf } from '../../src/engine/message.ts';
import { VirtualClock } from '../../src/engine/virtual-clock.ts';
import { FdpError } from '../../src/errors.ts';
import { roleContext, testEnvironment } from '../support/environment.ts';
import { sourceMessage } from '../support/operators.ts';
import { temporaryFolder } from '../support/platform.ts';

/** A log that can be away, slow, or refuse. */
class Log {
  readonly texts: string[] = [];
  state: 'there' | 'away' | 'silent' = 'there';
  connects = 0;
  closed = false;

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
        if (this.state === 'silent') await new Promise((resolve) => signal.addEventListener('abort', resolve));
        if (signal.aborted) throw away();
        this.texts.push(...messages.map(({ value }) => (typeof value === 'string' ? value : JSON.stringify(value))));
        return {};
      },
    };
  }
}

class World {
  readonly folder = temporaryFolder();
  readonly clock = new VirtualClock();
  readonly log = new Log();
  readonly context = roleContext(testEnvironment(this.clock), { sourceReplays: false });
  sent = 0;

  open(maxBytes = 1_000_000): BufferedSink {
    const options = { name: 'ticks', path: join(this.folder.path, 'buffer.db'), maxBytes };
    return new BufferedSink(this.log.sink(), options, this.context);
  }

  connect(sink: Sink): Promise<void> {
    return this.clock.until(sink.connect(new AbortController().signal));
  }

  write(sink: Sink, count = 1): Promise<Receipt> {
    const messages = Array.from({ length: count }, (): Message => messageOf(sourceMessage(this.sent++), undefined));
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
    const sink = world.open(66 * 10);
    await world.connect(sink);
    for (let at = 0; at < 25; at++) await world.write(sink);
    expect(world.context.node).toMatchObject({ state: 'retrying', extra: { dropped: 15, buffered: 10 } });
    world.log.state = 'there';
    await world.clock.advance(60_000);
    expect(world.log.texts).toEqual(world.expected.slice(15));
    expect(world.context.node.state).toBe('ok');
    await world.clock.until(sink.close());
  });

  it('fails alone what the log would never take, and ends with what a person must cure', async () => {
    using world = new World();
    world.log.state = 'away';
    const sink = world.open();
    await world.connect(sink);
    const large = messageOf(sourceMessage('x'.repeat(300)), undefined);
    const { failed } = await world.clock.until(sink.write([large], new AbortController().signal));
    expect(failed?.get(0)).toMatchObject({ code: 'FDP_MESSAGE_REFUSED' });
    await world.clock.until(sink.close());
  });
});
