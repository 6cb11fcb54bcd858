/** What is packed holds more than it may. */
export class TooLargeError extends RangeError {
  constructor(limit: number) {
    super(`expected at most ${limit} bytes when unpacked, got more`);
  }
}
