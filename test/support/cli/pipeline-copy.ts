import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const database = 'database: financialDataDatabase';

/** The edits that give every table of the shipped pipeline another database. */
export function onDatabase(name: string): readonly (readonly [text: string, instead: string])[] {
  const count = readFileSync('pipeline.yml', 'utf8').split(database).length - 1;
  return Array.from({ length: count }, () => [database, `database: ${name}`] as const);
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
