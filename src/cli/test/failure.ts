import type { SourceRange } from '../../pipeline/read/source.ts';

/** An expectation that does not hold. */
export interface Failure {
  /** Of the expectation. */
  readonly range: SourceRange;
  readonly text: string;
  /** Lines of `- expected` and `+ got`. */
  readonly diff: readonly string[];
}
