import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../src/kit/clock.ts';
import type { Message } from '../../src/kit/message.ts';
import { sized } from '../support/cli/faults.ts';
import { eventually, freePort, temporaryFolder } from '../support/cli/platform.ts';
import { hurriedClock } from '../support/engine/hurried-clock.ts';
import { browse, KafkaProcess, laneOf, numbered, Reader, readFrom } from '../support/kafka/harness.ts';
import { onOwnServices } from '../support/services/cluster.ts';
import { type KafkaService, randomName, startKafka } from '../support/services/services.ts';

const never = new AbortController().signal;

/** Writes batches one after the other, offering again what was not confirmed, as the engine does. */
async function writeAll(process: KafkaProcess, total: number, pauseMs: number): Promise<void> {
  const sink = await process.openSink();
  for (let from = 0; from < total; from += 20) {
    for (let left: readonly Message[] = numbered(from, from + 20, '*'); left.length > 0; ) {
      const offered = left;
      left = await sink.write(offered, AbortSignal.timeout(5000)).then(
        ({ failed }) => offered.filter((_message, index) => failed?.has(index)),
        () => offered,
      );
      if (left.length > 0) await systemClock.sleep(100);
    }
    await systemClock.sleep(pauseMs);
  }
}

const values = async (process: KafkaProcess) =>
  (await browse(process)).map(({ value }) => (value as { n: number }).n).sort((a, b) => a - b);
const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);

onOwnServices('kafka when the broker suffers', () => {
  let broker: KafkaService;
  beforeAll(async () => {
    broker = await startKafka();
  });
  afterAll(() => broker.stop());

  it.each([
    ['kill -9 and a restart', 'kill', 'restart', 2000],
    ['a sleep that is longer than a session', 'pause', 'resume', 12_000],
  ] as const)('has every message once and reads every message, through %s', async (_what, hurt, heal, awayMs) => {
    const topic = randomName();
    await using writer = await KafkaProcess.on(broker.address, { topic });
    await using reading = await KafkaProcess.on(broker.address, { topic });
    const context = reading.context();
    const source = reading.source({}, context);
    await source.connect(never);
    context.node.is('ok');
    const reader = new Reader(source);
    const writing = writeAll(writer, 1500, 30);
    await reader.seen(100);
    await broker[hurt]();
    await eventually('readiness is red', async () => context.node.state === 'retrying', 10_000);
    await systemClock.sleep(awayMs);
    await broker[heal]();
    await writing;
    await reader.seen(1500);
    expect(await values(reading)).toEqual(upTo(1500));
    await eventually('readiness is green', async () => context.node.state === 'ok');
    expect(reader.errors).toEqual([]);
  });

  const ways = [
    ['stopped', 'terminate', 'restart'],
    ['asleep', 'pause', 'resume'],
  ] as const;
  it.each(sized<readonly (typeof ways)[number][]>({ full: ways, fast: ways.slice(0, 1) }))(
    'has each message of a feed once, when the broker was %s for longer than the disk buffer waits',
    async (_what, hurt, heal) => {
      using folder = temporaryFolder();
      const options = { topic: randomName(), buffer: 'disk', buffer_path: join(folder.path, 'buffer.db') };
      // The 15 s after which an attempt is given up pass in 3 s.
      await using process = await KafkaProcess.on(broker.address, options, hurriedClock(5));
      const context = { ...process.context(), sourceReplays: false };
      const sink = await process.openSink(context);
      const writing = (async () => {
        for (let n = 0; n < 800; n += 2) {
          // Dated now: a broker that starts again has forgotten producers of old messages.
          await sink.write(numbered(n, n + 2, '*', systemClock.now()), never);
          await systemClock.sleep(25);
        }
      })();
      await systemClock.sleep(1000);
      await broker[hurt]();
      await eventually('messages wait on the disk', async () => (context.node.extra['buffered'] ?? 0) > 0);
      await systemClock.sleep(5000);
      await broker[heal]();
      await writing;
      await eventually('the buffer is empty', async () => context.node.extra['buffered'] === 0);
      expect(await values(process)).toEqual(upTo(800));
      expect(context.node.extra['maybe_twice']).toBeUndefined();
    },
  );

  it('reports that there is no broker, and works once there is one', async () => {
    const topic = randomName();
    await broker.terminate();
    await using process = await KafkaProcess.on(broker.address, { topic });
    const source = process.source();
    await expect(source.connect(never)).rejects.toMatchObject({ code: 'FDP_CONNECTION_LOST', fault: 'transient' });
    await expect(process.openSink()).rejects.toMatchObject({ fault: 'transient' });
    await broker.restart();
    await process.append(numbered(0, 5));
    await source.connect(never);
    const open = await process.openSource({ group: 'other' });
    expect(await readFrom(laneOf(open, (await browse(process))[0]?.meta.partition ?? 0), 5)).toHaveLength(5);
  });

  it('stops within seconds, and leaves nothing behind, while the broker is dead or asleep', async () => {
    for (const harm of ['kill', 'pause'] as const) {
      const process = await KafkaProcess.on(broker.address);
      const open = await process.openSource();
      const sink = await process.openSink();
      await broker[harm]();
      const written = sink.write(numbered(0, 5), never).catch((error) => error);
      const before = performance.now();
      await process[Symbol.asyncDispose]();
      expect(performance.now() - before).toBeLessThan(10_000);
      expect(await written).toMatchObject({ failed: expect.any(Map) });
      expect(open.lanes.every(({ signal }) => signal.aborted)).toBe(true);
      await (harm === 'kill' ? broker.restart() : broker.resume());
    }
    await eventually('no socket is left', async () => {
      return !globalThis.process.getActiveResourcesInfo().includes('TCPSocketWrap');
    });
  });

  it('is not woken by timers while nothing happens', async () => {
    await using process = await KafkaProcess.on(broker.address);
    await process.openSink();
    await process.openSource();
    await systemClock.sleep(1000);
    const original = globalThis.setTimeout;
    let timers = 0;
    globalThis.setTimeout = Object.assign((...args: Parameters<typeof original>) => {
      timers++;
      return original(...args);
    }, original);
    await new Promise((resolve) => original(resolve, 2000));
    globalThis.setTimeout = original;
    expect(timers).toBeLessThan(100);
  });
});

/** A way to the broker on which answers can be held back. */
class Wire {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Requests pass, answers don't. */
  deaf = false;
  /** Answers that did not pass. */
  held = 0;

  constructor(target: number, port: number) {
    this.#server = createServer((client) => {
      const broker = connect(target, '127.0.0.1');
      for (const socket of [client, broker]) {
        this.#sockets.add(socket);
        socket.on('error', () => {});
        socket.on('close', () => {
          client.destroy();
          broker.destroy();
        });
      }
      client.on('data', (bytes) => broker.write(bytes));
      broker.on('data', (bytes) => {
        if (this.deaf) this.held++;
        else client.write(bytes);
      });
    }).listen(port, '127.0.0.1');
  }

  /** Cuts every connection; new ones get answers. */
  heal(): void {
    this.deaf = false;
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  close(): void {
    this.heal();
    this.#server.close();
  }
}

/** A broker behind a wire, and a process that writes to its one partition. */
async function onWire(act: (world: { broker: KafkaService; wire: Wire; process: KafkaProcess }) => Promise<void>) {
  const port = await freePort();
  const wires: Wire[] = [];
  const broker = await startKafka({
    advertise: async (target) => {
      wires.push(new Wire(target, port));
      return port;
    },
  });
  const [wire] = wires;
  if (!wire) throw new Error('the broker has no wire');
  const process = await KafkaProcess.on(broker.address, { partitions: 1 });
  try {
    await act({ broker, wire, process });
  } finally {
    await process[Symbol.asyncDispose]();
    wire.close();
    await broker.stop();
  }
}

onOwnServices('kafka on a bad wire', () => {
  it('stores a batch once whose confirmation was lost, and the next ones as well', () =>
    onWire(async ({ wire, process }) => {
      const sink = await process.openSink();
      await sink.write(numbered(0, 3), never);
      wire.deaf = true;
      const lost = numbered(3, 6);
      await expect(sink.write(lost, AbortSignal.timeout(500))).rejects.toMatchObject({ code: 'FDP_TIMEOUT' });
      // As many as the one before: a producer that counts wrongly would have them taken for its repetition.
      const next = sink.write(numbered(6, 9), never);
      wire.heal();
      expect(await sink.write(lost, never)).toEqual({});
      expect(await next).toEqual({});
      expect(await values(process)).toEqual(upTo(9));
    }));

  it('stores old messages once, of which the broker has forgotten the producer before it confirmed them', () =>
    onWire(async ({ broker, wire, process }) => {
      const sink = await process.openSink();
      await sink.write(numbered(0, 3), never);
      wire.deaf = true;
      const lost = sink.write(numbered(3, 6), never);
      await eventually('the broker has answered', async () => wire.held > 0);
      await broker.kill();
      wire.heal();
      await broker.restart();
      expect(await lost).toEqual({});
      await sink.write(numbered(6, 9), never);
      expect(await values(process)).toEqual(upTo(9));
    }));
});
