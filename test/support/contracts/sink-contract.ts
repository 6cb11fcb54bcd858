import { describe, it } from 'vitest';
import { sinkContract as checks, type SinkBench } from '../../../src/testing/sink-contract.ts';

/** The contract of sinks, applied to a shipped one, with its name in a pipeline file. */
export function sinkContract(type: string, make: () => Promise<SinkBench>): void {
  describe(`${type} as a sink`, () => {
    for (const { title, run } of checks(make)) it(title, run);
  });
}
