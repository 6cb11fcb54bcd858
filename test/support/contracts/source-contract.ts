import { describe, it } from 'vitest';
import { sourceContract as checks, type SourceBench } from '../../../src/testing/source-contract.ts';

/** The contract of sources, applied to a shipped one, with its name in a pipeline file. */
export function sourceContract(type: string, make: () => Promise<SourceBench>): void {
  describe(`${type} as a source`, () => {
    for (const { title, run } of checks(make)) it(title, run);
  });
}
