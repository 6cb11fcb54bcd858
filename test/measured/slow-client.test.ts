import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { envelope, LogWriter } from '../support/cli/log-writer.ts';
import { median, residentMiB } from '../support/cli/memory.ts';
import { pipelineCopy } from '../support/cli/pipeline-copy.ts';
import { eventually, Process, temporaryFolder } from '../support/cli/platform.ts';
import { workspaceIn } from '../support/cli/workspace.ts';

/** A client that reads, and keeps only the count, the hash and the last line of what it received. */
class Reader {
  lines = 0;
  readonly hash = createHash('sha256');
  readonly socket: Socket;
  #end = '';

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) this.lines++;
      this.hash.update(chunk);
      this.#end = (this.#end + chunk.subarray(-400).toString()).slice(-400);
    });
  }

  /** The event time of the last whole line, Unix ms. */
  get lastTime(): number {
    return Date.parse(JSON.parse(this.#end.split('\n').at(-2) ?? '').time);
  }
}

async function dial(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** A client that never reads. */
async function neverReading(port: number): Promise<Socket> {
  const socket = await dial(port);
  socket.pause();
  return socket;
}

function slowClients(process: Process): number {
  return process.log.filter(({ msg }) => msg.includes('reads too slowly')).length;
}

const linesOfAChunk = 3000;
/** By default V8's young generation grows by tens of MiB at some point, which would hide the memory of the lines. */
const smallHeap = { NODE_OPTIONS: '--max-semi-space-size=1' };

describe('a TCP client that never reads', () => {
  it('keeps no line from fifty others', async () => {
    using folder = temporaryFolder();
    const { env, tcpPort } = await workspaceIn(folder.path);
    await using writer = await LogWriter.open(folder.path);
    await using analytics = new Process(['--topology', 'analytics'], env);
    await eventually('a server', async () => analytics.output.includes('vwap_feed: listening'));
    const readers: Reader[] = [];
    for (let client = 0; client < 50; client++) readers.push(new Reader(await dial(tcpPort)));
    const idle = await neverReading(tcpPort);

    let sent = 0;
    // Each chunk is smaller than a client's buffer, so that every client that reads can keep up.
    const broadcast = async () => {
      const trades = Array.from({ length: linesOfAChunk }, () => envelope({ v: ++sent, t: 1763645598585 + sent }));
      await writer.append(trades, 1);
      await eventually(`${sent} lines`, async () => readers.every(({ lines }) => lines >= sent));
    };
    await eventually('the idle client is over its buffer', async () => {
      await broadcast();
      return slowClients(analytics) === 1;
    });
    for (let chunk = 0; chunk < 10; chunk++) await broadcast();

    expect(readers.map(({ lines }) => lines)).toEqual(readers.map(() => sent));
    expect(new Set(readers.map(({ hash }) => hash.digest('hex'))).size).toBe(1);
    expect(readers[0]?.lastTime).toBe(1763645598585 + sent);
    expect(slowClients(analytics)).toBe(1);
    for (const { socket } of readers) socket.destroy();
    idle.destroy();
    expect(await analytics.stop()).toBe(0);
  });

  it('changes neither the rate nor the memory of the pipeline', async () => {
    using folder = temporaryFolder();
    const { env, tcpPort } = await workspaceIn(folder.path);
    const pipeline = pipelineCopy(folder.path, ['rate: 50/s', 'rate: max']);
    await using simulation = new Process(['--pipeline', pipeline, '--topology', 'simulation'], {
      ...env,
      ...smallHeap,
    });
    await eventually('a server', async () => simulation.output.includes('vwap_feed: listening'));
    const reader = new Reader(await dial(tcpPort));
    await eventually('lines', async () => reader.lines > 100_000);

    // At full speed, event time advances by one ms per trade, however slowly this reader reads.
    const tradesPerMs = async () => {
      const [from, start] = [reader.lastTime, performance.now()];
      await eventually('time to measure', async () => performance.now() - start > 1000);
      return (reader.lastTime - from) / (performance.now() - start);
    };
    const [alone, beside, resident]: [number[], number[], number[]] = [[], [], []];
    for (let turn = 1; turn <= 4; turn++) {
      alone.push(await tradesPerMs());
      const idle = await neverReading(tcpPort);
      const slow = slowClients(simulation);
      await eventually('the idle client is over its buffer', async () => slowClients(simulation) > slow);
      beside.push(await tradesPerMs());
      resident.push(residentMiB(simulation.child.pid));
      idle.destroy();
    }
    expect(median(beside) / median(alone), `${beside} beside, ${alone} alone`).toBeGreaterThan(0.6);

    const idle = await neverReading(tcpPort);
    const from = reader.lastTime;
    const before = Math.max(...resident);
    // At about 80 bytes per line, this is more than 100 MB that the idle client does not read.
    await eventually('1.5 million trades', async () => reader.lastTime - from > 1_500_000);
    expect(residentMiB(simulation.child.pid) - before).toBeLessThan(50);
    reader.socket.destroy();
    idle.destroy();
    expect(await simulation.stop()).toBe(0);
  });
});
