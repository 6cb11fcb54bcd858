/** A line without its line end, and its number. */
export interface Line {
  /** The first `maxLine` bytes of it. */
  readonly bytes: Buffer;
  /** Its whole length in bytes. */
  readonly length: number;
  /** Counted from 1, as an editor does. */
  readonly number: number;
}

const newline = 0x0a;
const carriageReturn = 0x0d;

/** Splits bytes that arrive in chunks into lines. Keeps at most `maxLine` bytes of an unfinished line. */
export class Lines {
  readonly #maxLine: number;
  #kept: Buffer[] = [];
  #keptBytes = 0;
  #length = 0;
  #number = 1;

  constructor(maxLine: number) {
    this.#maxLine = maxLine;
  }

  /** The lines that end in this chunk. */
  push(chunk: Buffer): Line[] {
    const lines: Line[] = [];
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      this.#keep(chunk.subarray(start, end));
      lines.push(this.#take());
      start = end + 1;
    }
    this.#keep(chunk.subarray(start));
    return lines;
  }

  /** The last line, if it has no line end. */
  end(): Line | undefined {
    return this.#length > 0 ? this.#take() : undefined;
  }

  #keep(part: Buffer): void {
    this.#length += part.length;
    const room = this.#maxLine + 1 - this.#keptBytes;
    if (part.length === 0 || room <= 0) return;
    this.#kept.push(Buffer.from(part.subarray(0, room)));
    this.#keptBytes += Math.min(room, part.length);
  }

  #take(): Line {
    const whole = Buffer.concat(this.#kept);
    const hasReturn = whole.length === this.#length && whole.at(-1) === carriageReturn;
    const length = this.#length - (hasReturn ? 1 : 0);
    const line = { bytes: whole.subarray(0, Math.min(length, this.#maxLine)), length, number: this.#number++ };
    this.#kept = [];
    this.#keptBytes = 0;
    this.#length = 0;
    return line;
  }
}
