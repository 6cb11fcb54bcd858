import { describeConfig } from '../spec/describe.ts';
import { readSpec } from '../spec/read.ts';
import { type CommandResult, problemText, type SpecRequest } from './validate.ts';

/**
 * `fdp-run config`: the resolved spec as YAML, secrets masked, each value with its origin. A variable that is not set
 * is shown as such; other mistakes are shown instead (exit code 2).
 */
export function config(request: SpecRequest): CommandResult {
  const spec = readSpec(request);
  if (spec.problems.size > 0) return { text: problemText(spec.problems.list, request.folder), exitCode: 2 };
  return { text: describeConfig(spec, request.folder), exitCode: 0 };
}
