/** A serialised message, shared by all clients. */
export interface Line {
  /** Lines of one key replace each other while a client is slow. */
  readonly key: string;
  /** With its line feed. Text, not bytes: a kept line must not keep the buffer of its whole batch alive. */
  readonly text: string;
  /** Its length in bytes. */
  readonly size: number;
}

/**
 * Lines of one write, serialised once: joined for the clients that keep up, and one by one, made only when one does
 * not.
 */
export interface Broadcast {
  readonly joined: Buffer;
  lines(): readonly Line[];
}

/** The connection to one client. */
interface Pipe {
  /** Bytes that were written and that the operating system has not accepted yet. */
  pending(): number;
  write(bytes: Buffer): void;
}

/**
 * Decides what one client gets. While at most `limit` bytes are buffered it gets every line. Above the limit it
 * *conflates*: of each key only the latest line is kept, at most `limit` bytes of them, until all written bytes are
 * accepted; then it gets those, in the order in which they came, and every line again. Lines are sent whole and in
 * order; a line longer than `limit` is sent when nothing is buffered.
 */
export class Outlet {
  readonly #pipe: Pipe;
  readonly #limit: number;
  readonly #skipped: (lines: number) => void;
  /** The latest line of each key while it conflates; undefined while it does not. */
  #latest: Map<string, Line> | undefined;
  #latestBytes = 0;

  /** @param skipped gets the number of lines that this client will never get */
  constructor(pipe: Pipe, limit: number, skipped: (lines: number) => void) {
    this.#pipe = pipe;
    this.#limit = limit;
    this.#skipped = skipped;
  }

  /** True while the client gets the latest line of each key only. */
  get conflating(): boolean {
    return this.#latest !== undefined;
  }

  /** Bytes kept for this client beside what was written. */
  get keptBytes(): number {
    return this.#latestBytes;
  }

  send(broadcast: Broadcast): void {
    const { joined } = broadcast;
    if (!this.#latest && this.#pipe.pending() + joined.length <= this.#limit) {
      this.#pipe.write(joined);
      return;
    }
    for (const line of broadcast.lines()) this.#sendLine(line);
  }

  /** To be called when the operating system has accepted bytes. */
  taken(): void {
    if (this.#pipe.pending() === 0) this.flush();
  }

  /** Writes the kept lines, however much is buffered. */
  flush(): void {
    if (!this.#latest) return;
    const kept = [...this.#latest.values()].map((line) => line.text);
    this.#latest = undefined;
    this.#latestBytes = 0;
    this.#pipe.write(Buffer.from(kept.join('')));
  }

  #sendLine(line: Line): void {
    if (!this.#latest) {
      const pending = this.#pipe.pending();
      if (pending === 0 || pending + line.size <= this.#limit) {
        this.#pipe.write(Buffer.from(line.text));
        return;
      }
      this.#latest = new Map();
    }
    const earlier = this.#latest.get(line.key);
    if (earlier) this.#forget(earlier);
    this.#latest.set(line.key, line);
    this.#latestBytes += line.size;
    for (const oldest of this.#latest.values()) {
      if (this.#latestBytes <= this.#limit || this.#latest.size === 1) break;
      this.#forget(oldest);
    }
  }

  #forget(line: Line): void {
    this.#latest?.delete(line.key);
    this.#latestBytes -= line.size;
    this.#skipped(1);
  }
}
