import { connectors } from '../../../connectors/index.ts';
import { operators } from '../../../operators/index.ts';
import type { SimulateFlags } from '../../../src/cli/simulate/flags.ts';
import { type SimulationRuns, simulatePipeline } from '../../../src/cli/simulate/index.ts';
import type { CommandResult } from '../../../src/cli/validate.ts';
import type { ConnectorDeclaration, OperatorDeclaration } from '../../../src/kit/declaration.ts';
import { pipelineCopy } from './pipeline-copy.ts';
import { temporaryFolder } from './platform.ts';

export interface Simulated {
  /** Each `[text, instead]` is replaced once in the shipped pipeline. */
  readonly edits?: readonly (readonly [text: string, instead: string])[];
  readonly topologies?: readonly string[];
  /** In place of the shipped operators of the same type. */
  readonly instead?: readonly OperatorDeclaration[];
  /** In place of the shipped connectors. */
  readonly connectors?: readonly ConnectorDeclaration[];
  /** Where a shrunk test is written; default: nowhere that lasts. */
  readonly folder?: string;
  /** Runs topologies in place of the simulation. */
  readonly runs?: SimulationRuns;
}

/** What `fdp simulate` says of a copy of the shipped pipeline. */
export async function simulated(flags: SimulateFlags, given: Simulated = {}): Promise<CommandResult> {
  using folder = temporaryFolder();
  const { edits = [], topologies, instead = [] } = given;
  const others = operators.filter(({ type }) => !instead.some((each) => each.type === type));
  const request = {
    pipelinePath: pipelineCopy(folder.path, ...edits),
    profile: 'embedded',
    env: {},
    components: { connectors: given.connectors ?? connectors, operators: [...others, ...instead] },
    folder: given.folder ?? folder.path,
    ...(topologies && { topologies }),
  };
  return await simulatePipeline(request, flags, given.runs);
}
