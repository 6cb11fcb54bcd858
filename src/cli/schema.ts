import { pipelineSchema } from '../pipeline/give/json-schema.ts';
import { readSpec } from '../pipeline/read.ts';
import { type CommandResult, problemText, type SpecRequest } from './validate.ts';

/**
 * `fdp schema`: the JSON Schema of the pipeline file, for editors, with what its plugins declare. Of the pipeline's own
 * mistakes only those of plugins matter (exit code 2).
 */
export function schema(request: SpecRequest): CommandResult {
  const { components, folder } = request;
  const { mistakes = [] } = components;
  if (mistakes.length > 0) {
    const isPlugin = ({ message }: { readonly message: string }) => message.startsWith('plugin ');
    return { text: problemText(readSpec(request).problems.list.filter(isPlugin), folder), exitCode: 2 };
  }
  return { text: `${JSON.stringify(pipelineSchema(components), null, 2)}\n`, exitCode: 0 };
}
