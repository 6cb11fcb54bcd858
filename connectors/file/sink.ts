import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { FdpError } from '../../src/errors.ts';
import { linesOf, tryParseJson } from '../../src/kit/json.ts';
import type { Message } from '../../src/kit/message.ts';
import type { RoleContext } from '../../src/kit/role.ts';
import type { Receipt, Sink } from '../../src/kit/sink.ts';
import { fileError } from './errors.ts';

export interface FileSinkOptions {
  readonly name: string;
  readonly path: string;
  /** Wait for the disk. */
  readonly fsync: boolean;
}

/** Block size for finding an unfinished line at the end of the file, bytes. */
const tailBytes = 64 * 1024;
const newline = 0x0a;

/**
 * The sink role: appends every message's value as a line of JSON, in order. A batch is written completely or not at
 * all: the remains of a failed write are truncated before the next write, those of a crash at the next start.
 */
export class FileSink implements Sink {
  readonly ordered = true;
  readonly #context: RoleContext;
  readonly #options: FileSinkOptions;
  #file: FileHandle | undefined;
  /** Where the last complete line ends. */
  #end = 0;
  #isTorn = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(context: RoleContext, options: FileSinkOptions) {
    this.#context = context;
    this.#options = options;
  }

  async connect(): Promise<void> {
    const { name, path } = this.#options;
    await this.close();
    try {
      await this.#outside(mkdir(dirname(path), { recursive: true }));
      this.#file = await this.#outside(open(path, 'a+'));
      await this.#outside(this.#mend(this.#file));
      if (this.#options.fsync) await this.#outside(this.#syncFolder());
    } catch (error) {
      throw fileError(name, path, error);
    }
  }

  /**
   * @throws FDP_DISK_FULL, transient: nothing of the batch is in the file
   * @throws FDP_UNAVAILABLE, transient, for other errors of the disk
   */
  async write(messages: readonly Message[]): Promise<Receipt> {
    const { name, path } = this.#options;
    const { text, failed } = linesOf(messages, name);
    // Lanes write at the same time; the file takes one batch after the other.
    const turn = this.#last.then(() => this.#outside(this.#append(Buffer.from(text))));
    this.#last = turn.catch(() => {});
    try {
      await turn;
    } catch (error) {
      throw fileError(name, path, error);
    }
    return failed.size > 0 ? { failed } : {};
  }

  async close(): Promise<void> {
    await this.#last;
    const file = this.#file;
    this.#file = undefined;
    if (file) await this.#outside(file.close());
  }

  async #append(bytes: Buffer): Promise<void> {
    const file = this.#file;
    if (!file) throw new FdpError('FDP_CLOSED', `${this.#options.name}: ${this.#options.path} is closed`);
    if (this.#isTorn) await this.#cutOff(file);
    this.#isTorn = true;
    try {
      await file.appendFile(bytes);
      if (this.#options.fsync) await file.datasync();
    } catch (error) {
      // The first failure is reported; a truncation that fails as well is repeated before the next write.
      await this.#cutOff(file).catch(() => {});
      throw error;
    }
    this.#isTorn = false;
    this.#end += bytes.length;
  }

  async #cutOff(file: FileHandle): Promise<void> {
    await file.truncate(this.#end);
    this.#isTorn = false;
  }

  /** Makes the file end with a complete line: adds a missing line end, truncates a torn line. */
  async #mend(file: FileHandle): Promise<void> {
    const { name, path } = this.#options;
    const { size } = await file.stat();
    this.#end = await endOfLines(file, size);
    if (this.#end === size) return;
    const tail = Buffer.alloc(Math.min(size - this.#end, tailBytes));
    await file.read(tail, 0, tail.length, this.#end);
    const text = tail.toString('utf8');
    if (tryParseJson(text) !== undefined) {
      await file.appendFile('\n');
      this.#end = size + 1;
      return;
    }
    if (!/^[[{"]/.test(text))
      throw new FdpError('FDP_REFUSED', `${name}: ${path} does not hold lines of JSON: check \`path\``);
    await this.#cutOff(file);
    this.#context.log.warn({ path, bytes: size - this.#end }, `${name}: removed an incomplete last line from ${path}`);
  }

  /** Makes a new file's name durable. */
  async #syncFolder(): Promise<void> {
    const folder = await open(dirname(this.#options.path), 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  #outside<T>(work: Promise<T>): Promise<T> {
    return this.#context.clock.outside(work);
  }
}

/** Where the last newline's line ends; 0 when there is none. */
async function endOfLines(file: FileHandle, size: number): Promise<number> {
  const chunk = Buffer.alloc(tailBytes);
  for (let end = size; end > 0; end = Math.max(0, end - tailBytes)) {
    const start = Math.max(0, end - tailBytes);
    const { bytesRead } = await file.read(chunk, 0, end - start, start);
    const found = chunk.subarray(0, bytesRead).lastIndexOf(newline);
    if (found >= 0) return start + found + 1;
  }
  return 0;
}
