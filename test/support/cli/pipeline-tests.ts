import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { connectors } from '../../../connectors/index.ts';
import { operators } from '../../../operators/index.ts';
import { type TestFlags, testPipeline } from '../../../src/cli/test/test.ts';
import type { CommandResult } from '../../../src/cli/validate.ts';
import type { ConnectorDeclaration, OperatorDeclaration } from '../../../src/kit/declaration.ts';
import { pipelineCopy } from './pipeline-copy.ts';
import { temporaryFolder } from './platform.ts';

export interface TestedPipeline {
  /** Each `[text, instead]` is replaced once in the shipped pipeline, or in `edited`, a file of its own. */
  readonly edits?: readonly (readonly [text: string, instead: string])[];
  readonly edited?: string;
  readonly flags?: TestFlags;
  readonly profile?: string;
  readonly topologies?: readonly string[];
  /** In place of the shipped connectors. */
  readonly connectors?: readonly ConnectorDeclaration[];
  /** In place of the shipped operators of the same type. */
  readonly instead?: readonly OperatorDeclaration[];
}

/** What `fdp test` says of files, on a copy of the shipped pipeline. */
export async function testedFiles(files: readonly string[], given: TestedPipeline = {}): Promise<CommandResult> {
  using folder = temporaryFolder();
  const { edits = [], edited, flags, profile = 'embedded', topologies, instead = [] } = given;
  const others = operators.filter(({ type }) => !instead.some((each) => each.type === type));
  const pipelinePath = pipelineCopy(folder.path, ...(edited === undefined ? edits : []));
  if (edited !== undefined) edit(join(dirname(pipelinePath), edited), edits);
  const request = {
    pipelinePath,
    profile,
    env: {},
    components: { connectors: given.connectors ?? connectors, operators: [...others, ...instead] },
    folder: process.cwd(),
    ...(topologies && { topologies }),
  };
  return await testPipeline(request, files, flags);
}

function edit(path: string, edits: NonNullable<TestedPipeline['edits']>): void {
  for (const [text, instead] of edits) {
    const before = readFileSync(path, 'utf8');
    if (!before.includes(text)) throw new Error(`${path} has no "${text}"`);
    writeFileSync(
      path,
      before.replace(text, () => instead),
    );
  }
}

/** The same for the text of a file, which is shown as `my.test.yml`. */
export async function tested(text: string, given: TestedPipeline = {}): Promise<CommandResult> {
  using folder = temporaryFolder();
  const file = join(folder.path, 'my.test.yml');
  writeFileSync(file, text);
  const { text: output, exitCode } = await testedFiles([file], given);
  return { text: output.replaceAll(file, 'my.test.yml'), exitCode };
}
