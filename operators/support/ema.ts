/** How the weight of a value decays: by a factor with each later value, or with time. */
export type Decay = { readonly by: 'count'; readonly count: number } | { readonly by: 'time'; readonly ms: number };

/**
 * The mean of all values of a key, with weights that fall from each to the one before it. By count: 1, (1 - α), (1 -
 * α)², ... with α = 2 / (count + 1), as `ewm(span=count)` of pandas has it. By time: e^(-2 age / ms) where the age is
 * the newest time minus the value's, so that a late value has the weight that it would have had in time.
 *
 * Never outside the lowest and highest value. Kept: three numbers.
 */
export class Ema {
  readonly #decay: Decay;
  #mean = 0;
  #weight = 0;
  #newest = Number.NEGATIVE_INFINITY;

  constructor(decay: Decay) {
    this.#decay = decay;
  }

  /** Adds the next value, in order of arrival, and returns the mean. */
  add(time: number, value: number): number {
    const weight = this.#age(time);
    const before = this.#weight;
    const all = before + weight;
    this.#weight = all;
    if (before === 0) this.#mean = value;
    else {
      const mean = this.#mean * (before / all) + value * (weight / all);
      this.#mean = Math.min(Math.max(mean, Math.min(this.#mean, value)), Math.max(this.#mean, value));
    }
    return this.#mean;
  }

  /** Decays the weights until now, and returns that of the new value. */
  #age(time: number): number {
    const decay = this.#decay;
    if (decay.by === 'count') {
      this.#weight *= (decay.count - 1) / (decay.count + 1);
      return 1;
    }
    const since = time - this.#newest;
    if (since < 0) return Math.exp((2 * since) / decay.ms);
    this.#weight *= Math.exp((-2 * since) / decay.ms);
    this.#newest = time;
    return 1;
  }
}
