import { FdpError } from '../../../src/errors.ts';
import type { Database } from './database.ts';

/** "fdp1", in the file's header: tells our files from those of other programs. */
const applicationId = 0x66647031;

/** Raised by every change of the tables below; an older version of fdp refuses the file. */
const schemaVersion = 1;

/** The write-ahead log is truncated to this whenever it restarts, bytes. */
export const walBytes = 64 * 2 ** 20;

/**
 * Initialises a new file, or checks that it is a file of fdp in a known version. Sets the connection up: write-ahead
 * log, every commit synced to the disk.
 * @throws FDP_STORE_NEWER, FDP_STORE_DIFFERS (another program's database), FDP_STORE_CORRUPT, FDP_BUSY
 */
export function prepareFile(db: Database): void {
  const known = check(db);
  db.exec('PRAGMA journal_mode = WAL');
  db.exec('PRAGMA synchronous = FULL');
  // Large savepoints would need a temporary file, for which a read-only container has no place.
  db.exec('PRAGMA temp_store = MEMORY');
  db.exec(`PRAGMA journal_size_limit = ${walBytes}`);
  if (known) return;
  db.exec('BEGIN IMMEDIATE');
  try {
    if (!check(db)) {
      db.exec(`PRAGMA application_id = ${applicationId}`);
      db.exec(`PRAGMA user_version = ${schemaVersion}`);
    }
    db.exec('COMMIT');
  } catch (error) {
    if (db.inTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

/** True if it is a file of fdp, false if it is new. */
function check(db: Database): boolean {
  const application = Number(db.get('PRAGMA application_id')?.['application_id']);
  const version = Number(db.get('PRAGMA user_version')?.['user_version']);
  if (application === applicationId) {
    if (version <= schemaVersion) return true;
    throw new FdpError(
      'FDP_STORE_NEWER',
      `${db.path}: was written by a newer version of fdp (schema ${version}; this version supports ${schemaVersion}): update fdp, or use another path`,
    );
  }
  const empty = Number(db.get('SELECT count(*) AS n FROM sqlite_master')?.['n']) === 0;
  if (empty && application === 0) return false;
  throw new FdpError('FDP_STORE_DIFFERS', `${db.path}: is a database of another program: use another path`);
}
