import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { nearest } from './names.ts';
import type { Problems } from './problem.ts';

/** Does `name` begin with the first part, end with the last and hold those between, in order? Hidden files don't match. */
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

/** The files that match a path with `*` in its last part, by name. */
export function filesLike(path: string): string[] {
  const folder = dirname(path);
  const parts = basename(path).split('*');
  return listFolder(folder)
    .filter((name) => matches(name, parts))
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

const defaultProfile = 'embedded';

/** The profile's file, or undefined when there is none to apply. An unknown profile is a problem that lists those there are. */
export function profileFile(folder: string, asked: string | undefined, problems: Problems): string | undefined {
  const profiles = listFolder(join(folder, 'config'))
    .filter((name) => name.endsWith('.yml'))
    .map((name) => name.slice(0, -'.yml'.length));
  const name = asked ?? defaultProfile;
  if (profiles.includes(name)) return join(folder, 'config', `${name}.yml`);
  if (asked === undefined && profiles.length === 0) return undefined;
  const near = nearest(name, profiles);
  const listed =
    profiles.length > 0 ? `profiles: ${profiles.join(', ')}` : `there is no ${join(folder, 'config')}/*.yml`;
  problems.add(undefined, `unknown profile "${name}"`, { hint: near ? `did you mean "${near}"? (${listed})` : listed });
  return undefined;
}
