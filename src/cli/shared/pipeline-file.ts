import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { FdpError } from '../../errors.ts';
import { calledAs } from './program.ts';

/** There is no pipeline. The message is one line; `page` says the same to a person on a terminal. */
export class NoPipelineError extends FdpError {
  constructor() {
    super(
      'FDP_USAGE',
      `no pipeline.yml in this folder: "${calledAs()} init" writes one, --pipeline FILE names another`,
    );
  }

  get page(): string {
    const program = calledAs();
    return `there is no pipeline.yml in this folder
  ${program} init                      writes the platform that fdp ships, which runs on a mock market
  ${program} init --template minimal   writes the smallest pipeline, to start from
  ${program} --pipeline FILE           takes another file
`;
  }
}

/**
 * The pipeline that a command works on: the named one, otherwise pipeline.yml of the folder.
 * @throws NoPipelineError if none is named and there is none
 */
export function pipelineIn(folder: string, named: string | undefined): string {
  if (named !== undefined) return named;
  const path = resolve(folder, 'pipeline.yml');
  if (!existsSync(path)) throw new NoPipelineError();
  return path;
}
