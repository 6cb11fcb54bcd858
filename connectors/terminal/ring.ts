/** The last numbers of a series, at most `room`; NaN is a missing one. Allocates no memory before the first. */
export class Ring {
  readonly #room: number;
  #values: Float64Array | undefined;
  #next = 0;
  #length = 0;

  constructor(room: number) {
    this.#room = room;
  }

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    this.#values ??= new Float64Array(this.#room);
    this.#values[this.#next] = value;
    this.#next = (this.#next + 1) % this.#room;
    this.#length = Math.min(this.#length + 1, this.#room);
  }

  /** The value `back` pushes before the newest; undefined when there is none, or it is missing. */
  back(back: number): number | undefined {
    if (back < 0 || back >= this.#length) return undefined;
    const value = this.#values?.[(this.#next - 1 - back + this.#room) % this.#room];
    return value === undefined || Number.isNaN(value) ? undefined : value;
  }

  /** The last `count` values, the newest last. */
  last(count: number): readonly (number | undefined)[] {
    const length = Math.min(count, this.#length);
    return Array.from({ length }, (_, index) => this.back(length - 1 - index));
  }

  /** The sum of the known values. */
  sum(): number {
    let sum = 0;
    for (let back = 0; back < this.#length; back++) sum += this.back(back) ?? 0;
    return sum;
  }
}
