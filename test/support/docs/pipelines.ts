import { join } from 'node:path';
import { connectors } from '../../../connectors/index.ts';
import { operators } from '../../../operators/index.ts';
import { validate } from '../../../src/cli/validate.ts';
import type { OperatorDeclaration } from '../../../src/kit/declaration.ts';
import { folderWith } from '../pipeline/spec.ts';
import type { Block } from './blocks.ts';

/** What `fdp validate` says of a pipeline given by its files; `more` are operators of its plugins. */
export function validated(
  files: Readonly<Record<string, string>>,
  more: readonly OperatorDeclaration[] = [],
): {
  readonly text: string;
  readonly exitCode: number;
} {
  const folder = folderWith(files);
  const components = { connectors, operators: [...operators, ...more] };
  return validate({ pipelinePath: join(folder, 'pipeline.yml'), profile: undefined, env: {}, components, folder });
}

/** The files of one pipeline from blocks: a block begins with `# NAME`, or is `pipeline.yml`. */
export function filesOf(blocks: readonly Block[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    blocks.map(({ text }) => [/^# (\S+\.yml)\n/.exec(text)?.[1] ?? 'pipeline.yml', text] as const),
  );
}
