import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A copy of the shipped pipeline in a folder of its own, to be edited as a user would: each `[text, instead]` is
 * replaced once. Gives the path for `--pipeline`.
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
