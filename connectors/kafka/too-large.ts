/** Decompressed data exceeds its limit. */
export class TooLargeError extends RangeError {
  constructor(limit: number) {
    super(`expected at most ${limit} bytes when unpacked, got more`);
  }
}
