import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Why this process may not write to `path` (or create it), and how to fix it: the owner, and the user of the process,
 * who in a container often has no name on the host.
 */
export function writeAdvice(path: string): string {
  const folder = blocking(path);
  const target = folder ?? path;
  if (codeOf(target, constants.W_OK) === 'EROFS')
    return `${target} is on a read-only file system: mount a volume there, or set FDP_DATA to a folder that can be written`;
  if (folder === undefined)
    return `it must be a file that ${me()} may read and write, in a folder where it may create files`;
  return (
    `${me()} may not write to ${target}${ownerOf(target)}: ${cure(target, 'w')}, ` +
    'or mount a named volume there instead of a folder of the machine'
  );
}

/** Why this process may not read the file, and how to fix it; undefined if permissions are not the cause. */
export function readAdvice(path: string): string | undefined {
  const found = nearest(path);
  const blocked = found === path ? codeOf(path, constants.R_OK) : codeOf(found, constants.X_OK);
  if (blocked !== 'EACCES' && blocked !== 'EPERM') return undefined;
  return `make ${found}${ownerOf(found)} readable for ${me()}: ${cure(found, 'r')}`;
}

/**
 * What is wrong with a file that is for its owner alone: every user of the machine may read or change it; undefined if they may not.
 * A container has no other users, and its secrets are mounted readable.
 */
export function openToAll(path: string): string | undefined {
  if (number() === undefined || process.env['FDP_CONTAINER'] === 'true') return undefined;
  const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
  if ((mode & 0o006) === 0) return undefined;
  const what = (mode & 0o002) === 0 ? 'read' : 'change';
  const octal = (mode & 0o777).toString(8).padStart(3, '0');
  return `every user of this machine may ${what} ${path} (mode ${octal}): chmod 600 it`;
}

/** The file or folder that can't be written: the path itself, or the nearest existing folder above. */
function blocking(path: string): string | undefined {
  return [nearest(path), dirname(path)].find((each) => existsSync(each) && codeOf(each, constants.W_OK) !== undefined);
}

function nearest(path: string): string {
  const above = dirname(path);
  return existsSync(path) || above === path ? path : nearest(above);
}

function codeOf(path: string, mode: number): string | undefined {
  try {
    accessSync(path, mode);
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}

const number = () => process.getuid?.();
const me = () => (number() === undefined ? 'this user' : `user ${number()}`);

function cure(path: string, right: 'r' | 'w'): string {
  const isMine = statSync(path, { throwIfNoEntry: false })?.uid === number();
  return isMine || number() === undefined ? `chmod u+${right} it` : `chown it to ${number()}`;
}

function ownerOf(path: string): string {
  const owner = statSync(path, { throwIfNoEntry: false });
  return owner === undefined || number() === undefined
    ? ''
    : ` (of user ${owner.uid}, mode ${(owner.mode & 0o777).toString(8).padStart(3, '0')})`;
}
