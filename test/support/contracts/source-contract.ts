import { describe, it } from 'vitest';
import { connectors } from '../../../connectors/index.ts';
import { defaultUsage } from '../../../src/kit/declaration.ts';
import { sourceContract as checks, type SourceBench } from '../../../src/testing/source-contract.ts';

/** A real server may be slow on a machine where much runs. */
export const patienceMs = 20_000;

/** The contract of sources, applied to a shipped one, with its name in a pipeline file. */
export function sourceContract(type: string, make: () => Promise<SourceBench>): void {
  const source = connectors.find((connector) => connector.type === type)?.source;
  if (!source?.guarantee) throw new Error(`${type} does not declare the \`guarantee\` of its source`);
  const guarantee = source.guarantee({}, defaultUsage(source));
  describe(`${type} as a source`, () => {
    for (const { title, run } of checks(async () => ({ guarantee, patienceMs, ...(await make()) }))) it(title, run);
  });
}
