import { parseJson } from '../kit/json.ts';
import type { Tape, TapeEntry } from './tape.ts';

/**
 * A tape as bytes, which threads share: a line for each entry, with its time, its key as JSON and its text. It grows while it is
 * written, and may be read then. In front is the number of bytes behind it that are there: as -n - 1 when no more come.
 */
export type PackedTape = SharedArrayBuffer;

interface PackedEntry extends TapeEntry {
  readonly content: { readonly text: string };
}

const headBytes = 8;
/** The most of a tape: memory is reserved, and taken as it grows. */
const mostBytes = 2 ** 32;
/** Characters, or bytes, that are written and read at once. */
const pieceLength = 2 ** 21;
const lineEnd = 0x0a;

/** Takes entries with a text on one line, as JSON is, and packs them: a day has more than a million. */
export class TapeWriter {
  #made: PackedTape | undefined;
  #lines: string[] = [];
  #length = 0;
  #bytes = 0;

  push(atMs: number, key: string | null, text: string): void {
    const line = `${atMs}\t${JSON.stringify(key)}\t${text}\n`;
    this.#lines.push(line);
    this.#length += line.length;
    if (this.#length >= pieceLength) this.#pack();
  }

  /** Everything that is pushed until the end: who reads it in another thread waits for what is not there yet. */
  get tape(): PackedTape {
    this.#made ??= new SharedArrayBuffer(headBytes, { maxByteLength: mostBytes });
    return this.#made;
  }

  /** Nothing is pushed any more. */
  end(): PackedTape {
    this.#pack();
    this.#tell(-this.#bytes - 1);
    return this.tape;
  }

  #pack(): void {
    const { tape } = this;
    const text = this.#lines.join('');
    const size = Buffer.byteLength(text);
    tape.grow(headBytes + this.#bytes + size);
    Buffer.from(tape, headBytes + this.#bytes, size).write(text);
    this.#bytes += size;
    this.#lines = [];
    this.#length = 0;
    this.#tell(this.#bytes);
  }

  #tell(state: number): void {
    const head = headOf(this.tape);
    Atomics.store(head, 0, BigInt(state));
    Atomics.notify(head, 0);
  }
}

function headOf(tape: PackedTape): BigInt64Array {
  return new BigInt64Array(tape, 0, 1);
}

/** The entries of a packed tape, one after the other. Their texts are parts of the piece's: nothing is there twice. */
export function* unpacked(tape: PackedTape): Generator<PackedEntry> {
  for (const piece of piecesOf(tape))
    for (const line of piece.split('\n')) {
      const [first, second] = [line.indexOf('\t'), line.indexOf('\t', line.indexOf('\t') + 1)];
      const key = line.slice(first + 1, second);
      const text = line.slice(second + 1);
      yield { atMs: Number(line.slice(0, first)), key: known(key), content: { text } };
    }
}

/** Some lines at a time. What is not there yet is waited for: the thread stands still, and virtual time with it. */
function* piecesOf(tape: PackedTape): Generator<string> {
  const head = headOf(tape);
  for (let at = 0; ; ) {
    const state = Atomics.load(head, 0);
    const there = Number(state < 0n ? -state - 1n : state);
    if (there > at) {
      const left = Buffer.from(tape, headBytes + at, there - at);
      const length = left.length <= pieceLength ? left.length : left.indexOf(lineEnd, pieceLength) + 1;
      yield left.toString('utf8', 0, length - 1);
      at += length;
    } else if (state < 0n) return;
    else Atomics.wait(head, 0, state);
  }
}

/** Keys are few, and each is one text for all entries. */
const keys = new Map<string, string | null>();

function known(json: string): string | null {
  const key = keys.get(json);
  if (key !== undefined) return key;
  const made = parseJson(json) as string | null;
  if (keys.size < 10_000) keys.set(json, made);
  return made;
}

/**
 * What a feed gives as its text, which takes a fraction of the memory of its values: made as it is read, and kept for who reads it
 * again.
 */
export function asTexts(entries: Iterable<TapeEntry>): Iterable<TapeEntry> {
  const kept: TapeEntry[] = [];
  const left = entries[Symbol.iterator]();
  const more = () => {
    const { value } = left.next();
    if (value) kept.push(asText(value));
  };
  return {
    *[Symbol.iterator]() {
      for (let at = 0; ; at++) {
        if (at === kept.length) more();
        const entry = kept[at];
        if (!entry) return;
        yield entry;
      }
    },
  };
}

function asText(entry: TapeEntry): TapeEntry {
  const { atMs, key, content } = entry;
  return 'value' in content ? { atMs, key, content: { text: JSON.stringify(content.value) } } : entry;
}

/** The same with values where a text is JSON: for a test that people read. */
export function asValues(tape: Tape): Tape {
  return tape.map((entry) => {
    if (!('text' in entry.content)) return entry;
    try {
      const value = parseJson(entry.content.text);
      return JSON.stringify(value) === entry.content.text ? { ...entry, content: { value } } : entry;
    } catch {
      return entry;
    }
  });
}
