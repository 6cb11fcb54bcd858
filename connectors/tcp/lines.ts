const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const maxParts = 64;

/**
 * Splits a stream of bytes into lines. Keeps at most `maxLine` bytes of an unfinished line; of a longer one it keeps
 * nothing and calls `tooLong` once. Empty lines are skipped, a carriage return before the line feed is removed.
 */
export class LineSplitter {
  readonly #maxLine: number;
  readonly #tooLong: () => void;
  #parts: Buffer[] = [];
  #length = 0;
  #skipping = false;

  constructor(maxLine: number, tooLong: () => void) {
    this.#maxLine = maxLine;
    this.#tooLong = tooLong;
  }

  /** Bytes kept of an unfinished line. */
  get kept(): number {
    return this.#length;
  }

  /** The lines that end in `chunk`, without their line feeds. */
  push(chunk: Buffer): Buffer[] {
    const lines: Buffer[] = [];
    let start = 0;
    for (let end = chunk.indexOf(lineFeed); end >= 0; end = chunk.indexOf(lineFeed, start)) {
      this.#add(chunk.subarray(start, end));
      const line = this.#finish();
      if (line.length > 0) lines.push(line);
      start = end + 1;
    }
    this.#add(chunk.subarray(start));
    return lines;
  }

  #add(part: Buffer): void {
    if (this.#skipping || part.length === 0) return;
    this.#length += part.length;
    this.#parts.push(part);
    // A line that arrives byte by byte must not cost one object per byte.
    if (this.#parts.length >= maxParts) this.#parts = [Buffer.concat(this.#parts)];
    if (this.#length <= this.#maxLine) return;
    this.#skipping = true;
    this.#parts = [];
    this.#length = 0;
    this.#tooLong();
  }

  #finish(): Buffer {
    const [first] = this.#parts;
    const line = this.#parts.length === 1 && first ? first : Buffer.concat(this.#parts);
    this.#parts = [];
    this.#length = 0;
    this.#skipping = false;
    return line.at(-1) === carriageReturn ? line.subarray(0, -1) : line;
  }
}
