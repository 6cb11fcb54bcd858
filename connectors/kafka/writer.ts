/** Writes Kafka's binary protocol into bytes that grow; the counterpart of `Reader`. */
export class Writer {
  #bytes: Buffer;
  #at = 0;

  /** @param size about how many bytes it will be: more are taken when they are needed */
  constructor(size = 256) {
    this.#bytes = Buffer.allocUnsafe(size);
  }

  /** What was written so far: a view. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  int8(value: number): this {
    const at = this.#step(1);
    this.#bytes.writeInt8(value, at);
    return this;
  }

  int16(value: number): this {
    const at = this.#step(2);
    this.#bytes.writeInt16BE(value, at);
    return this;
  }

  int32(value: number): this {
    const at = this.#step(4);
    this.#bytes.writeInt32BE(value, at);
    return this;
  }

  uint32(value: number): this {
    const at = this.#step(4);
    this.#bytes.writeUInt32BE(value, at);
    return this;
  }

  int64(value: number): this {
    const at = this.#step(8);
    this.#bytes.writeBigInt64BE(BigInt(value), at);
    return this;
  }

  /** A number in as few bytes as it needs, without a sign. */
  unsigned(value: number): this {
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.#byte((rest % 128) + 128);
    return this.#byte(rest);
  }

  /** A number in as few bytes as it needs, the sign in the lowest bit. */
  signed(value: number): this {
    return this.unsigned(zigzag(value));
  }

  raw(bytes: Uint8Array): this {
    const at = this.#step(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  /** @param length of the text in UTF-8, bytes */
  text(text: string, length: number): this {
    const at = this.#step(length);
    this.#bytes.write(text, at, 'utf8');
    return this;
  }

  /** A text after its length. */
  string(text: string): this {
    const length = Buffer.byteLength(text);
    return this.int16(length).text(text, length);
  }

  #byte(value: number): this {
    const at = this.#step(1);
    this.#bytes[at] = value;
    return this;
  }

  /** Makes room, which may move the bytes: to be called before they are looked at. */
  #step(length: number): number {
    const at = this.#at;
    this.#at += length;
    if (this.#at > this.#bytes.length) this.#grow();
    return at;
  }

  #grow(): void {
    const larger = Buffer.allocUnsafe(2 * this.#at);
    this.#bytes.copy(larger);
    this.#bytes = larger;
  }
}

/** Bytes that `signed` takes. */
export function signedLength(value: number): number {
  let length = 1;
  for (let rest = zigzag(value); rest >= 128; rest = Math.floor(rest / 128)) length++;
  return length;
}

function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}
