import { cpSync, existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { FdpError } from '../errors.ts';
import { packageRoot } from '../kit/package-root.ts';
import type { CommandResult } from './validate.ts';

/** What makes up the shipped pipeline: the file, its profiles, what it includes, its tests, and the schemas for editors. */
const parts = [
  'pipeline.yml',
  'config',
  'topologies',
  'tests',
  'pipeline.schema.json',
  'pipeline.test.schema.json',
] as const;

/**
 * `fdp-run init`: puts the shipped pipeline into a folder.
 * @throws FDP_USAGE if one of its files exists already: nothing is overwritten
 */
export function init(folder: string): CommandResult {
  const there = parts.filter((part) => existsSync(join(folder, part)));
  if (there.length > 0)
    throw new FdpError(
      'FDP_USAGE',
      `init: ${there.join(', ')} ${there.length === 1 ? 'is' : 'are'} already in this folder; nothing was written`,
    );
  for (const part of parts) cpSync(join(packageRoot(), part), join(folder, part), { recursive: true });
  const text = `wrote ${parts.join(', ')}
fdp-run validate      checks it
fdp-run test          runs its tests
fdp-run               runs it, on the mock market
`;
  return { text, exitCode: 0 };
}

/**
 * The pipeline that a command works on: the named one, otherwise pipeline.yml of the folder.
 * @throws FDP_USAGE, with what to do, if none is named and there is none
 */
export function pipelineIn(folder: string, named: string | undefined): string {
  if (named !== undefined) return named;
  const path = resolve(folder, 'pipeline.yml');
  if (existsSync(path)) return path;
  const shipped = join(packageRoot(), 'pipeline.yml');
  throw new FdpError(
    'FDP_USAGE',
    `no pipeline.yml in this folder: run "fdp-run init" to create one, or run the shipped one: fdp-run --pipeline ${shipped}`,
  );
}
