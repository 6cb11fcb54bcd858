import type { Services } from './services.ts';
import type { Row } from './turns.ts';

export type Size = 'quick' | 'normal' | 'full';

/** What a path is given. */
export interface Bench {
  readonly size: Size;
  readonly rounds: number;
  readonly services: Services;
  /** A folder for the files of a run; removed at the end. */
  readonly folder: string;
  /** Where CPU profiles go, one folder per side; undefined: none are written. */
  profile(side: string): string | undefined;
  /** Reports what is being measured. */
  say(text: string): void;
  /** The value for the size of this run. */
  sized<T>(values: Readonly<Record<Size, T>>): T;
}

/** One thing that is measured. */
export interface Path {
  readonly name: string;
  measure(bench: Bench): Promise<readonly Row[]>;
}
