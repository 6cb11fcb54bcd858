import { closeSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { errorText, FdpError } from '../../../src/errors.ts';
import { writeAdvice } from '../../../src/kit/rights.ts';
import { Database } from './database.ts';
import { prepareFile } from './schema.ts';

/**
 * Opens a database of ours; a missing one is made with its folder, for this user alone.
 * @throws as `Database` and `prepareFile`, FDP_REFUSED when the folder can't be made
 */
export function openDatabase(path: string): Database {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw folderError(dirname(path), error);
  }
  makePrivate(path);
  const db = new Database(path);
  try {
    prepareFile(db);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Whether the path leads to another file now, or to none; where that can't be seen it is the same. */
export function isOther(path: string, inode: number): boolean {
  try {
    return statSync(path).ino !== inode;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ENOTDIR';
  }
}

/** Makes a missing file for this user alone; SQLite gives those beside it the same rights. */
function makePrivate(path: string): void {
  try {
    closeSync(openSync(path, 'ax', 0o600));
  } catch {
    // It is there, or SQLite says what is wrong with the path.
  }
}

function folderError(folder: string, cause: unknown): FdpError {
  const { code = '' } = cause as NodeJS.ErrnoException;
  const text = `${folder}: the folder could not be created: ${errorText(cause)}`;
  if (code === 'ENOSPC') return new FdpError('FDP_DISK_FULL', text, { cause });
  const isFile = code === 'EEXIST' || code === 'ENOTDIR';
  const cure = isFile ? 'there is a file with this name: move it, or set FDP_DATA to a folder' : writeAdvice(folder);
  return new FdpError('FDP_REFUSED', `${text}: ${cure}`, { cause });
}
