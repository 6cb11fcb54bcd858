import type { Database } from '../shared/sqlite-file/database.ts';

/** The tables of a log file: topics, their partitions and records, and the groups that read them. */
export function createLogTables(db: Database): void {
  db.exec(`
    CREATE TABLE IF NOT EXISTS fdp_topics (
      topic INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, id TEXT NOT NULL, partitions INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS fdp_partitions (
      topic INTEGER, partition INTEGER, first INTEGER NOT NULL, next INTEGER NOT NULL, bytes INTEGER NOT NULL,
      PRIMARY KEY (topic, partition)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS fdp_records (
      topic INTEGER, partition INTEGER, offset INTEGER, timestamp INTEGER NOT NULL, appended INTEGER NOT NULL,
      key, value NOT NULL, PRIMARY KEY (topic, partition, offset)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS fdp_groups (
      topic INTEGER, name TEXT, owner TEXT, epoch INTEGER NOT NULL, beat INTEGER NOT NULL, seen INTEGER NOT NULL,
      PRIMARY KEY (topic, name)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS fdp_positions (
      topic INTEGER, name TEXT, partition INTEGER, position INTEGER NOT NULL, note TEXT,
      PRIMARY KEY (topic, name, partition)) WITHOUT ROWID;
  `);
  // A file of an older version without notes: that version can still use it.
  if (!db.all('PRAGMA table_info(fdp_positions)').some(({ name }) => name === 'note'))
    db.exec('ALTER TABLE fdp_positions ADD COLUMN note TEXT');
}
