import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { testEnding } from '../pipeline/read/folder.ts';

/** The files of tests in a folder and below it, in the order of their paths; hidden folders and node_modules are left out. */
export function testFilesBelow(folder: string): readonly string[] {
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory())
        return entry.name.startsWith('.') || entry.name === 'node_modules' ? [] : testFilesBelow(path);
      return entry.name.endsWith(testEnding) && !entry.name.startsWith('.') ? [path] : [];
    })
    .sort();
}
