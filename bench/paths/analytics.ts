import { connect, type Socket } from 'node:net';
import { pipelineCopy } from '../../test/support/cli/pipeline-copy.ts';
import { freePort } from '../../test/support/cli/platform.ts';
import { randomName } from '../../test/support/services/services.ts';
import { type Child, fdpRun, handLoop } from '../child.ts';
import { emptyLog, fillLog, isLocked, RunFolder } from '../embedded.ts';
import { type Backlog, backlogLabel } from '../market.ts';
import type { Bench, Path } from '../path.ts';
import { inTurns, type Row, type Sample } from '../turns.ts';
import { cpuSeconds, peakMiB } from '../usage.ts';

/** A backlog in the SQLite log as VWAP lines to TCP clients. */
export const analytics: Path = {
  name: 'analytics',
  async measure(bench) {
    const messages = bench.sized({ quick: 100_000, normal: 400_000, full: 2_000_000 });
    const rows: Row[] = [];
    for (const clients of [1, 10, 100]) {
      const backlog = { messages: clients === 100 ? messages / 10 : messages, tradesEach: 1, symbols: 6 };
      const ours = { run: () => broadcast(bench, backlog, { start: platform, clients, deaf: 0 }) };
      const theirs = { run: () => broadcast(bench, backlog, { start: loop, clients, deaf: 0 }) };
      const sides = await inTurns(ours, theirs, bench.rounds);
      const work = `${backlogLabel(backlog)} to ${clients} client${clients === 1 ? '' : 's'}`;
      rows.push({ path: 'analytics', work, unit: 'trades/s', beside: 'by hand', ...sides });
    }
    const backlog = { messages, tradesEach: 1, symbols: 6 };
    const ours = { run: () => broadcast(bench, backlog, { start: platform, clients: 1, deaf: 1 }) };
    const theirs = { run: () => broadcast(bench, backlog, { start: platform, clients: 1, deaf: 0 }) };
    const sides = await inTurns(ours, theirs, bench.rounds);
    const work = `${backlogLabel(backlog)} to 1 client, and one that never reads`;
    rows.push({ path: 'analytics', work, unit: 'trades/s', beside: 'without that one', ...sides });
    return rows;
  },
};

type Start = (bench: Bench, folder: string, port: number) => Child;

const platform: Start = (bench, folder, port) => {
  // Clients must get every line: skipping lines for slow clients is not measured here.
  const buffer = ['client_buffer: 1MiB', 'client_buffer: 256MiB'] as const;
  const pipeline = pipelineCopy(`${bench.folder}/${randomName('copy')}`, buffer);
  const env = { FDP_DATA: folder, TCP_PORT: String(port) };
  return fdpRun(['--pipeline', pipeline, '--topology', 'analytics'], env, bench.profile('analytics/fdp'));
};
const loop: Start = (bench, folder, port) =>
  handLoop('sqlite-to-tcp', { FOLDER: folder, PORT: String(port) }, bench.profile('analytics/loop'));

interface Audience {
  readonly start: Start;
  readonly clients: number;
  /** Clients that never read. */
  readonly deaf: number;
}

/** The process is suspended while the log is filled; the time counts from its resumption to the last line. */
async function broadcast(bench: Bench, backlog: Backlog, { start, clients, deaf }: Audience): Promise<Sample> {
  using folder = new RunFolder(bench.folder);
  await emptyLog(folder.path);
  const port = await freePort();
  const child = start(bench, folder.path, port);
  const readers: Reader[] = [];
  try {
    for (let number = 0; number < clients; number++) readers.push(await Reader.connect(child, port));
    const silent = await Promise.all(Array.from({ length: deaf }, () => Reader.connect(child, port)));
    for (const { socket } of silent) socket.pause();
    await new Promise((resolve) => setTimeout(resolve, 500));
    await freeze(child, folder.path);
    await fillLog(folder.path, backlog);
    const total = backlog.messages * backlog.tradesEach;
    const [since, cpu] = [performance.now(), cpuSeconds(child.pid)];
    child.process.kill('SIGCONT');
    await Promise.all(readers.map((reader) => reader.until(total)));
    const seconds = (performance.now() - since) / 1000;
    const used = cpuSeconds(child.pid) - cpu;
    for (const { socket } of silent) socket.destroy();
    return { rate: total / seconds, cpuUs: (used / total) * 1e6, peakMiB: peakMiB(child.pid) };
  } finally {
    for (const { socket } of readers) socket.destroy();
    await child.stop();
  }
}

/** Stops the process at a moment at which it does not hold the log. */
async function freeze(child: Child, folder: string): Promise<void> {
  child.process.kill('SIGSTOP');
  while (isLocked(folder)) {
    child.process.kill('SIGCONT');
    await new Promise((resolve) => setTimeout(resolve, 20));
    child.process.kill('SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const newline = 10;

/** Counts received lines. */
class Reader {
  readonly socket: Socket;
  #lines = 0;
  #wanted = Number.POSITIVE_INFINITY;
  #done = () => {};

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, at + 1)) this.#lines++;
      if (this.#lines >= this.#wanted) this.#done();
    });
  }

  /** Tries until a server listens. */
  static async connect(child: Child, port: number): Promise<Reader> {
    for (;;) {
      child.alive();
      const socket = connect(port, '127.0.0.1');
      const isOpen = await new Promise<boolean>((resolve) => {
        socket.once('connect', () => resolve(true));
        socket.once('error', () => resolve(false));
      });
      if (isOpen) return new Reader(socket);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  until(lines: number): Promise<void> {
    return new Promise((resolve) => {
      this.#wanted = lines;
      this.#done = resolve;
      if (this.#lines >= lines) resolve();
    });
  }
}
