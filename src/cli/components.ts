import { connectors } from '../../connectors/index.ts';
import { operators } from '../../operators/index.ts';
import { takenFunctions } from '../../operators/support/expression-language.ts';
import { systemClock } from '../kit/clock.ts';
import type { Components } from '../pipeline/give/json-schema.ts';
import { withPlugins } from '../pipeline/plugins/load.ts';
import type { PipelineFile } from '../pipeline/read/files.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What fdp ships, and what the plugins of the pipeline add. Imports the plugins. */
export function loadComponents(file: PipelineFile, env: Environment): Promise<Components> {
  return withPlugins({
    ...{ file, env, clock: systemClock },
    components: { connectors, operators },
    takenFunctions: takenFunctions(),
    ...(env['LOG_LEVEL'] === 'debug' && { debug: (text: string) => void process.stderr.write(`${text}\n`) }),
  });
}
