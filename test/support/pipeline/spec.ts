import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { connectors } from '../../../connectors/index.ts';
import { operators } from '../../../operators/index.ts';
import type { Components } from '../../../src/pipeline/give/json-schema.ts';
import { type Resolution, resolve } from '../../../src/pipeline/give/resolve.ts';
import type { Problem } from '../../../src/pipeline/problem.ts';
import { readSpec } from '../../../src/pipeline/read.ts';
import type { Spec } from '../../../src/pipeline/spec.ts';

/** The components that the program passes to the reader. */
export const shippedComponents = { connectors, operators };

export interface SpecOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly profile?: string;
  readonly topologies?: readonly string[];
  /** Components that are not shipped; by default the shipped ones. */
  readonly components?: Components;
}

interface ReadResult {
  readonly spec: Spec;
  readonly resolution: Resolution;
  readonly problems: readonly Problem[];
  readonly folder: string;
}

/** A folder with these files, removed when the test has finished. */
export function folderWith(files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'fdp-spec-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

/** Reads `pipeline.yml` in a folder, by default with the shipped components. */
export function readFolder(
  folder: string,
  { env = {}, profile, topologies, components = shippedComponents }: SpecOptions = {},
): ReadResult {
  const spec = readSpec({ pipelinePath: join(folder, 'pipeline.yml'), profile, env, components });
  const resolution = resolve(spec, { topologies });
  return { spec, resolution, problems: resolution.problems, folder };
}

/** Reads a pipeline given as text, or as several files by name. */
export function readText(
  files: string | Readonly<Record<string, string | Uint8Array>>,
  options: SpecOptions = {},
): ReadResult {
  return readFolder(folderWith(typeof files === 'string' ? { 'pipeline.yml': files } : files), options);
}

/** Problems as `line:column message`, with the file before it if it is not the pipeline. */
export function brief(problems: readonly Problem[]): string[] {
  return problems.map(({ at, message }) => {
    if (!at) return message;
    const file = at.file.endsWith('/pipeline.yml') ? '' : `${at.file.split('/').slice(-2).join('/')}:`;
    return `${file}${at.line}:${at.column} ${message}`;
  });
}
