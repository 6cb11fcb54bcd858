import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

type Edit = readonly [text: string, instead: string];

/** An edit for each time that the text stands in the shipped pipeline. */
function everywhere(text: string, instead: string): readonly Edit[] {
  const count = readFileSync('pipeline.yml', 'utf8').split(text).length - 1;
  return Array.from({ length: count }, () => [text, instead] as const);
}

/** The edits that give every table of the shipped pipeline another database. */
export function onDatabase(name: string): readonly Edit[] {
  return everywhere('database: financialDataDatabase', `database: ${name}`);
}

/** The edits that remove what the shipped topologies guarantee: what is in memory guarantees nothing beyond the process. */
export function withoutGuarantees(): readonly Edit[] {
  return everywhere('    guarantee: effectively_once', '    # no guarantee');
}

/**
 * A copy of the shipped pipeline in its own folder, edited as a user would: each `text` is replaced once by `instead`.
 * Returns the path for `--pipeline`.
 */
export function pipelineCopy(folder: string, ...edits: readonly (readonly [text: string, instead: string])[]): string {
  const copy = join(folder, 'pipeline');
  mkdirSync(copy, { recursive: true });
  for (const name of ['pipeline.yml', 'config', 'topologies']) cpSync(name, join(copy, name), { recursive: true });
  const path = join(copy, 'pipeline.yml');
  const edited = edits.reduce(
    (yaml, [text, instead]) => {
      if (!yaml.includes(text)) throw new Error(`pipeline.yml has no "${text}"`);
      return yaml.replace(text, () => instead);
    },
    readFileSync(path, 'utf8'),
  );
  writeFileSync(path, edited);
  return path;
}
