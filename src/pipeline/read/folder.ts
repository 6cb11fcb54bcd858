import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { nearest } from '../../kit/names.ts';
import type { Problems } from '../problem.ts';
import type { SourceRange } from './source.ts';

/** Whether `name` matches a pattern split at its `*`. Hidden files don't match. */
function matches(name: string, parts: readonly string[]): boolean {
  const first = parts[0] ?? '';
  const last = parts.at(-1) ?? '';
  if (name.length < first.length + last.length || !name.startsWith(first) || !name.endsWith(last)) return false;
  if (name.startsWith('.') && first === '') return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = name.indexOf(part, at);
    if (found === -1 || found + part.length > name.length - last.length) return false;
    at = found + part.length;
  }
  return true;
}

/** How the files of tests end: they are no part of a pipeline, unless a pattern asks for them. */
export const testEnding = '.test.yml';

/** The files that match a path with `*` in its last part, by name. */
export function filesLike(path: string): string[] {
  const folder = dirname(path);
  const parts = basename(path).split('*');
  return listFolder(folder)
    .filter((name) => matches(name, parts) && (!name.endsWith(testEnding) || path.endsWith(testEnding)))
    .map((name) => join(folder, name));
}

/** Names of a folder's files, sorted; empty when there is no such folder. */
function listFolder(folder: string): string[] {
  try {
    const found = readdirSync(folder, { withFileTypes: true }).filter((entry) => !entry.isDirectory());
    return found.map((entry) => entry.name).sort();
  } catch {
    return [];
  }
}

/** Used when no profile is named and there is such a file. */
const usualProfile = 'embedded';

/** The named profile, and where it is named. */
export interface AskedProfile {
  readonly name: string;
  /** Its range in the pipeline; left out for a flag or a variable. */
  readonly range?: SourceRange;
}

/**
 * The profile's file, or undefined when there is none to apply. A profile without its file is a problem that lists
 * those there are.
 */
export function profileFile(folder: string, asked: AskedProfile | undefined, problems: Problems): string | undefined {
  const profiles = listFolder(join(folder, 'config'))
    .filter((name) => name.endsWith('.yml'))
    .map((name) => name.slice(0, -'.yml'.length));
  const name = asked?.name ?? usualProfile;
  if (profiles.includes(name)) return join(folder, 'config', `${name}.yml`);
  if (asked === undefined && profiles.length === 0) return undefined;
  problems.add(asked?.range, `unknown profile "${name}"`, { hint: profileHint(name, profiles, folder) });
  return undefined;
}

function profileHint(name: string, profiles: readonly string[], folder: string): string {
  const file = join(folder, 'config', `${name}.yml`);
  if (profiles.length === 0)
    return `there is no ${file}: copy the folder config/ beside the pipeline, or begin in an empty folder with "fdp init"`;
  const near = nearest(name, profiles);
  const listed = `profiles: ${profiles.join(', ')}`;
  return near ? `did you mean "${near}"? (${listed})` : `there is no ${file} (${listed})`;
}
