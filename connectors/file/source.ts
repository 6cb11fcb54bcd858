import { type FileHandle, open } from 'node:fs/promises';
import { Observable } from 'rxjs';
import { errorText, FdpError } from '../../src/errors.ts';
import { parseJson } from '../../src/kit/json.ts';
import type { SourceMessage } from '../../src/kit/message.ts';
import type { RoleContext } from '../../src/kit/role.ts';
import type { Lane, Reading, Source } from '../../src/kit/source.ts';
import { fileError } from './errors.ts';
import { type Line, Lines } from './lines.ts';

export interface FileSourceOptions {
  readonly name: string;
  readonly path: string;
  /** Bytes. */
  readonly maxLine: number;
}

/** The least that one reading takes from the disk, unless the file ends. */
const chunkBytes = 64 * 1024;
/** How much of a line that is too long goes to the dead letter. */
const shownBytes = 64 * 1024;

/**
 * The source role: one lane with the lines of the file, in order; a message's offset is its line number, from 1. Empty
 * lines are skipped. It ends at the end of the file: lines appended while it is read are read too.
 */
export class FileSource implements Source {
  /** Replays by reading the whole file again: nothing is committed. */
  readonly replayable = true;
  readonly lanes: Observable<Lane>;
  readonly #context: RoleContext;
  readonly #options: FileSourceOptions;
  readonly #lane = new AbortController();
  #file: FileHandle | undefined;

  constructor(context: RoleContext, options: FileSourceOptions) {
    this.#context = context;
    this.#options = options;
    this.lanes = new Observable((lanes) => {
      let stopped = false;
      const reader = this.#reader();
      lanes.next({
        id: options.name,
        signal: this.#lane.signal,
        read: async (signal) => {
          if (stopped || signal.aborted) return undefined;
          const reading = await reader();
          if (reading === undefined) lanes.complete();
          return reading;
        },
      });
      return () => {
        stopped = true;
      };
    });
  }

  async connect(): Promise<void> {
    const { name, path } = this.#options;
    await this.close();
    try {
      this.#file = await this.#outside(open(path, 'r'));
      if ((await this.#outside(this.#file.stat())).isDirectory())
        throw new FdpError('FDP_REFUSED', `${name}: ${path} is a folder, expected a file: check \`path\``);
    } catch (error) {
      throw fileError(name, path, error);
    }
    this.#context.node.is('ok');
    // No position is kept: a file has no offsets that outlive an edit.
    const text = `${name}: ${path} is read from its beginning: lines that an earlier run has read come again`;
    this.#context.log.warn({ path }, text);
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    if (file) await this.#outside(file.close());
  }

  #reader(): () => Promise<Reading | undefined> {
    const lines = new Lines(this.#options.maxLine);
    const chunk = Buffer.allocUnsafe(chunkBytes);
    const { name, path } = this.#options;
    let ended = false;
    let read = 0;
    return async () => {
      while (!ended) {
        const bytesRead = await this.#fill(chunk);
        ended = bytesRead === 0;
        const last = ended ? lines.end() : undefined;
        const found = ended ? (last ? [last] : []) : lines.push(chunk.subarray(0, bytesRead));
        const reading = this.#reading(found);
        read += reading?.messages.length ?? 0;
        if (ended) this.#context.log.info({ path, lines: read }, `${name}: ${path} was read to its end: ${read} lines`);
        if (reading) return reading;
      }
      return undefined;
    };
  }

  async #fill(chunk: Buffer): Promise<number> {
    const { name, path } = this.#options;
    if (!this.#file) throw new FdpError('FDP_CLOSED', `${name}: ${path} is closed`);
    try {
      return (await this.#outside(this.#file.read(chunk, 0, chunk.length, null))).bytesRead;
    } catch (error) {
      throw fileError(name, path, error);
    }
  }

  #reading(lines: readonly Line[]): Reading | undefined {
    const full = lines.filter(({ length }) => length > 0);
    const last = full.at(-1);
    if (last === undefined) return undefined;
    const now = this.#context.clock.now();
    const messages = full.map((line) => this.#message(line, now));
    return { messages, position: last.number + 1, bytes: full.reduce((sum, { bytes }) => sum + bytes.length, 0) };
  }

  #message({ bytes, length, number }: Line, timestamp: number): SourceMessage {
    const { name, maxLine } = this.#options;
    const common = { key: null, timestamp, meta: { lane: name, offset: number } };
    const reject = (what: string, cause?: unknown): SourceMessage => ({
      ...common,
      value: undefined,
      raw: Uint8Array.from(bytes.subarray(0, shownBytes)),
      problem: new FdpError('FDP_MESSAGE_UNREADABLE', `${name}: line ${number}: ${what}`, { cause }),
    });
    if (length > maxLine) return reject(`${length} bytes, expected at most ${maxLine}`);
    try {
      return { ...common, value: parseJson(bytes) };
    } catch (cause) {
      return reject(errorText(cause), cause);
    }
  }

  #outside<T>(work: Promise<T>): Promise<T> {
    return this.#context.clock.outside(work);
  }
}
