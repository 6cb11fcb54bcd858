import type { TopologyPlan } from '../../engine/plan.ts';
import { drawnPlans, startedTopologies } from '../../pipeline/give/resolve.ts';
import { readSpec } from '../../pipeline/read.ts';
import type { Spec } from '../../pipeline/spec.ts';
import { checkTopologyNames } from '../shared/usage.ts';
import { type CommandResult, type SpecRequest, wrongPipeline } from '../validate.ts';
import { graphAscii } from './ascii.ts';
import { graphMermaid } from './mermaid.ts';
import { graphModel } from './model.ts';

export const graphFormats = ['ascii', 'mermaid'] as const;

export type GraphFormat = (typeof graphFormats)[number];

/**
 * `fdp graph [TOPOLOGY...]`: topologies as a picture: all that start, or those that are named here or by `--topology`. Mistakes
 * of the pipeline are shown instead (exit code 2).
 * @throws FDP_USAGE if there is no such topology
 */
export function graph(request: SpecRequest, named: readonly string[], format: GraphFormat): CommandResult {
  const spec = readSpec(request);
  if (spec.problems.size > 0) return wrongPipeline(spec.problems.list, request);
  const asked = [...named, ...(request.topologies ?? [])];
  checkTopologyNames('graph', spec, asked);
  return { text: picture(spec, asked, format), exitCode: 0 };
}

/** The picture of the topologies named, or of those that start if none is. */
export function picture(spec: Spec, asked: readonly string[], format: GraphFormat): string {
  const plans: readonly TopologyPlan[] = drawnPlans(spec, startedTopologies(spec, asked));
  const model = graphModel(plans);
  if (format === 'ascii') return graphAscii(model);
  return graphMermaid(model, (name) => spec.connectors.get(name)?.declaration?.family !== undefined);
}
