import { connectors } from '../../../connectors/index.ts';
import { operators } from '../../../operators/index.ts';
import { type SimulateFlags, simulatePipeline } from '../../../src/cli/simulate/index.ts';
import type { CommandResult } from '../../../src/cli/validate.ts';
import { pipelineCopy } from './pipeline-copy.ts';
import { temporaryFolder } from './platform.ts';

export interface Simulated {
  /** Each `[text, instead]` is replaced once in the shipped pipeline. */
  readonly edits?: readonly (readonly [text: string, instead: string])[];
  readonly topologies?: readonly string[];
}

/** What `fdp-run simulate` says of a copy of the shipped pipeline; a shrunk test is written to `folder`. */
export async function simulated(
  flags: SimulateFlags,
  { edits = [], topologies }: Simulated = {},
): Promise<CommandResult> {
  using folder = temporaryFolder();
  const request = {
    pipelinePath: pipelineCopy(folder.path, ...edits),
    profile: 'embedded',
    env: {},
    components: { connectors, operators },
    folder: folder.path,
    ...(topologies && { topologies }),
  };
  return await simulatePipeline(request, flags);
}
