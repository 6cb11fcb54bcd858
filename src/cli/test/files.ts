import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { testEnding } from '../../pipeline/read/folder.ts';

/** The files of tests in a folder and below it, in the order of their paths; hidden folders and node_modules are left out. */
export function testFilesBelow(folder: string): readonly string[] {
  return filesBelow(folder, testEnding);
}

/** What changes when a YAML file of a folder or below it, or one of `files`, is written, made or removed. */
export function versionsOf(folder: string, files: readonly string[]): string {
  const all = new Set([...filesBelow(folder, '.yml'), ...files]);
  return [...all].map((path) => `${path} ${writtenAt(path)}`).join('\n');
}

function writtenAt(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs;
}

function filesBelow(folder: string, ending: string): readonly string[] {
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory())
        return entry.name.startsWith('.') || entry.name === 'node_modules' ? [] : filesBelow(path, ending);
      return entry.name.endsWith(ending) && !entry.name.startsWith('.') ? [path] : [];
    })
    .sort();
}
