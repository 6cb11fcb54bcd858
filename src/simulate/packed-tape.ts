import { parseJson } from '../kit/json.ts';
import type { Tape, TapeEntry } from './tape.ts';

/** A tape as bytes, which threads share: a line for each entry, with its time, its key as JSON and its text. */
export type PackedTape = readonly SharedArrayBuffer[];

interface PackedEntry extends TapeEntry {
  readonly content: { readonly text: string };
}

/** Characters of one piece. */
const pieceLength = 2 ** 21;

/** Takes entries with a text on one line, as JSON is, and packs them: a day has more than a million. */
export class TapeWriter {
  readonly #pieces: SharedArrayBuffer[] = [];
  #lines: string[] = [];
  #length = 0;

  push(atMs: number, key: string | null, text: string): void {
    const line = `${atMs}\t${JSON.stringify(key)}\t${text}`;
    this.#lines.push(line);
    this.#length += line.length;
    if (this.#length >= pieceLength) this.#pack();
  }

  /** Everything that was pushed. */
  get packed(): PackedTape {
    if (this.#lines.length > 0) this.#pack();
    return this.#pieces;
  }

  #pack(): void {
    const bytes = Buffer.from(this.#lines.join('\n'));
    const piece = new SharedArrayBuffer(bytes.length);
    new Uint8Array(piece).set(bytes);
    this.#pieces.push(piece);
    this.#lines = [];
    this.#length = 0;
  }
}

/** The entries of a packed tape, one after the other. Their texts are parts of the piece's: nothing is there twice. */
export function* unpacked(tape: PackedTape): Generator<PackedEntry> {
  for (const piece of tape)
    for (const line of Buffer.from(piece).toString().split('\n')) {
      const [first, second] = [line.indexOf('\t'), line.indexOf('\t', line.indexOf('\t') + 1)];
      const key = line.slice(first + 1, second);
      const text = line.slice(second + 1);
      yield { atMs: Number(line.slice(0, first)), key: known(key), content: { text } };
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

/** What a feed gives as its text, which takes a fraction of the memory of its values. */
export function asTexts(entries: Iterable<TapeEntry>): Tape {
  const tape: TapeEntry[] = [];
  for (const entry of entries)
    tape.push('value' in entry.content ? { ...entry, content: { text: JSON.stringify(entry.content.value) } } : entry);
  return tape;
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
