/** Reads Kafka's binary protocol from a buffer, from the front. Numbers beyond 2^53 lose precision. */
export class Reader {
  #at = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  int8(): number {
    return this.#bytes.readInt8(this.#step(1));
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#step(2));
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#step(4));
  }

  int64(): number {
    return Number(this.#bytes.readBigInt64BE(this.#step(8)));
  }

  /** A number in as few bytes as it needs, without a sign. */
  unsigned(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#bytes[this.#step(1)] as number;
      value += (byte % 128) * factor;
      if (byte < 128) return value;
    }
  }

  /** A number in as few bytes as it needs, the sign in the lowest bit. */
  signed(): number {
    const value = this.unsigned();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** A view, not a copy. */
  bytes(length: number): Buffer {
    const start = this.#step(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** The bytes that were read last. */
  last(length: number): Buffer {
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  string(length: number): string {
    const start = this.#step(length);
    return this.#bytes.toString('utf8', start, start + length);
  }

  array<T>(length: number, item: (reader: Reader) => T): T[] {
    const items: T[] = [];
    while (items.length < length) items.push(item(this));
    return items;
  }

  /** What `read` finds in the next bytes, of which it may leave some. @throws RangeError when it goes beyond them */
  within<T>(length: number, read: (reader: Reader) => T): T {
    const end = this.#step(length) + length;
    this.#at = end - length;
    const found = read(this);
    if (this.#at > end) throw new RangeError(`expected to end at ${end}, got ${this.#at}`);
    this.#at = end;
    return found;
  }

  #step(length: number): number {
    const at = this.#at;
    if (length < 0 || at + length > this.#bytes.length)
      throw new RangeError(`the bytes end at ${this.#bytes.length}, expected ${length} more after ${at}`);
    this.#at += length;
    return at;
  }
}
