import { describe, it } from 'vitest';
import { sinkContract as checks, type SinkBench } from '../../../src/testing/sink-contract.ts';

/** The contract of sinks, run on a shipped one: named as in a pipeline file. */
export function sinkContract(type: string, make: () => Promise<SinkBench>): void {
  describe(`${type} as a sink`, () => {
    for (const { title, run } of checks(make)) it(title, run);
  });
}
