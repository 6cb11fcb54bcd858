/** The names in a new plugin. */
export interface Names {
  /** In the pipeline: `price_spread`. */
  readonly type: string;
  /** In the code: `priceSpread`. */
  readonly variable: string;
  /** What the test imports: `./price-spread.js`. */
  readonly module: string;
}

/** Texts that are both TypeScript and JavaScript: they have no annotations, and strict types nevertheless. */
export interface Template {
  source(names: Names): string;
  test(names: Names): string;
}
