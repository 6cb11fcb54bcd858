import { closeSync, constants, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { errorText } from '../../errors.ts';
import type { LogDestination } from '../../observe/log.ts';

const keptErrors = 20;
/** Above this size the file is renamed to `NAME.1`, which it replaces, and a new one is started. */
const largestFile = 10 * 1024 * 1024;

/** Takes the log while the terminal shows something else, and keeps the last errors to be printed afterwards. */
export interface LogFile extends LogDestination {
  /** The texts of the last error lines, 20 at most, the newest last. */
  readonly errors: readonly string[];
  /** Where the log goes; undefined if no file can be written. */
  readonly path: string | undefined;
  /** Where the log goes, or why it does not go to the wanted file; one line. */
  readonly notice: string;
}

/**
 * Appends to a file, which is created with its folder if missing. If that fails, as in a container whose file
 * system is read-only, a file in the temp folder is used; if that fails too, there is none. A line that can't be
 * written later is lost. Uses at most twice `mostBytes` of the disk.
 */
export function openLogFile(wanted: string, { temp = tmpdir(), mostBytes = largestFile } = {}): LogFile {
  const errors: string[] = [];
  const { file, notice } = openOneOf(wanted, temp);
  return {
    ...{ errors, notice, path: file?.path },
    write: (line) => {
      const text = loggedError(line);
      if (text !== undefined) errors.push(text);
      if (errors.length > keptErrors) errors.shift();
      file?.add(line, mostBytes);
    },
  };
}

function openOneOf(wanted: string, temp: string): { readonly file?: GrowingFile; readonly notice: string } {
  let why: string;
  try {
    return { file: new GrowingFile(wanted), notice: `the log goes to ${wanted}` };
  } catch (cause) {
    why = `the log cannot be written to ${wanted}: ${errorText(cause)}`;
  }
  const instead = join(temp, basename(wanted));
  try {
    return { file: new GrowingFile(instead), notice: `${why}: it goes to ${instead}` };
  } catch {
    return { notice: `${why}: only its last errors are kept, and printed at the end` };
  }
}

class GrowingFile {
  readonly path: string;
  #file: number;
  #size: number;

  /** Throws when it can't be opened. */
  constructor(path: string) {
    this.path = path;
    mkdirSync(dirname(path), { recursive: true });
    this.#file = openFile(path);
    this.#size = fstatSync(this.#file).size;
  }

  add(line: string, mostBytes: number): void {
    const bytes = Buffer.byteLength(line);
    try {
      if (this.#size > 0 && this.#size + bytes > mostBytes) this.#rotate();
      writeSync(this.#file, line);
      this.#size += bytes;
    } catch {
      // A full disk must not end a dashboard.
    }
  }

  #rotate(): void {
    renameSync(this.path, `${this.path}.1`);
    const before = this.#file;
    this.#file = openFile(this.path);
    this.#size = 0;
    closeSync(before);
  }
}

/** Without following a link that another user may have put into the temp folder. */
function openFile(path: string): number {
  const { O_APPEND, O_CREAT, O_WRONLY, O_NOFOLLOW = 0 } = constants;
  return openSync(path, O_APPEND | O_CREAT | O_WRONLY | O_NOFOLLOW, 0o600);
}

function loggedError(line: string): string | undefined {
  if (!line.startsWith('{"level":"error"')) return undefined;
  try {
    return String((JSON.parse(line) as { readonly msg?: unknown }).msg);
  } catch {
    return line.trim();
  }
}
