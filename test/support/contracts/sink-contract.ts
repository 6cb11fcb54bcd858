import { describe, it } from 'vitest';
import { connectors } from '../../../connectors/index.ts';
import { sinkContract as checks, type SinkBench } from '../../../src/testing/sink-contract.ts';
import { patienceMs } from './source-contract.ts';

/** The contract of sinks, applied to a shipped one, with its name in a pipeline file. */
export function sinkContract(type: string, make: () => Promise<SinkBench>): void {
  if (!connectors.find((connector) => connector.type === type)?.sink?.guarantee)
    throw new Error(`${type} does not declare the \`guarantee\` of its sink`);
  describe(`${type} as a sink`, () => {
    for (const { title, run } of checks(async () => ({ patienceMs, ...(await make()) }))) it(title, run);
  });
}
