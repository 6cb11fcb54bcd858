import { parse } from 'yaml';
import { describeConfig } from '../pipeline/give/describe.ts';
import { readSpec } from '../pipeline/read.ts';
import { jsonResult } from './shared/json-result.ts';
import { type CommandResult, problemsJson, problemText, type SpecRequest } from './validate.ts';

/**
 * `fdp config`: the resolved spec as YAML, secrets masked, each value with its origin. A variable that is not set
 * is shown as such; other mistakes are shown instead (exit code 2). With `--json` as JSON, without the origins.
 */
export function config(request: SpecRequest, { json = false }: { readonly json?: boolean } = {}): CommandResult {
  const spec = readSpec(request);
  const { problems } = spec;
  if (problems.size > 0)
    return json
      ? { text: problemsJson(problems.list), exitCode: 2 }
      : { text: problemText(problems.list, request.folder), exitCode: 2 };
  const text = describeConfig(spec, request.folder);
  if (!json) return { text, exitCode: 0 };
  return jsonResult({ profile: spec.profile ?? null, ...parse(text) });
}
