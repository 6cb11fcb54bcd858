import { FdpError } from '../../src/errors.ts';
import type { Environment } from '../../src/kit/environment.ts';
import type { Committed } from '../../src/kit/source.ts';
import { nameOf } from '../shared/log/changes.ts';
import { recordBytes } from '../shared/log/retention.ts';
import {
  type Bounds,
  type Lease,
  type LogStore,
  type NewRecord,
  type StoredRecord,
  sayPartitions,
  type Topic,
  type TrimLimits,
  type Trimmed,
} from '../shared/log/store.ts';
import type { Database, SqlRow, SqlValue } from '../shared/sqlite-file/database.ts';
import { HeldFile } from '../shared/sqlite-file/held-file.ts';
import { createLogTables } from './tables.ts';
import { bytesSql, trimTopic } from './trim.ts';

export interface SqliteLogOptions {
  readonly name: string;
  readonly path: string;
  readonly topic: string;
  readonly partitions: number;
}

/** One topic in a SQLite file, as one role sees it. */
export class SqliteLogStore implements LogStore {
  readonly name: string;
  readonly topic: string;
  readonly #options: SqliteLogOptions;
  readonly #environment: Environment;
  readonly #file: HeldFile;
  /** The topic's number in the file. */
  #id = 0;

  constructor(options: SqliteLogOptions, environment: Environment) {
    this.name = options.name;
    this.topic = options.topic;
    this.#options = options;
    this.#environment = environment;
    this.#file = new HeldFile(`${options.name}: the log`, options.path, environment);
  }

  async open(signal: AbortSignal): Promise<Topic> {
    const file = await this.#file.open(signal);
    const row = await file.write((db) => this.#createTopic(db), signal);
    this.#id = Number(row['topic']);
    const partitions = Number(row['partitions']);
    sayPartitions(this.#environment.log, this, { found: partitions, wanted: this.#options.partitions });
    return { id: String(row['id']), partitions };
  }

  append(records: readonly NewRecord[], signal: AbortSignal): Promise<void> {
    const file = this.#file.opened;
    const written = file.write((db) => this.#append(db, records), signal);
    return written.then(() => file.changes.appended(this.#id, records));
  }

  bounds(): readonly Bounds[] {
    return this.#file.opened
      .read((db) => db.all('SELECT first, next FROM fdp_partitions WHERE topic = ? ORDER BY partition', this.#id))
      .map((row) => ({ first: Number(row['first']), next: Number(row['next']) }));
  }

  read(partition: number, offset: number, limits: { count: number; bytes: number }): readonly StoredRecord[] {
    return this.#file.opened.read((db) => {
      // Sizes first, so that a batch of large values is never loaded beyond its limit.
      const sizes = `SELECT offset, ${bytesSql} AS bytes FROM fdp_records WHERE topic = ? AND partition = ? AND offset >= ? ORDER BY offset LIMIT ?`;
      const from = [this.#id, partition, offset] as const;
      const whole = db.get(`SELECT count(*) AS count, sum(bytes) AS bytes FROM (${sizes})`, ...from, limits.count);
      let count = Number(whole?.['count']);
      if (Number(whole?.['bytes']) > limits.bytes) count = fitting(db.all(sizes, ...from, count), limits.bytes);
      return count === 0 ? [] : this.#records(db, partition, { offset, count });
    });
  }

  appendedAt(partition: number, offset: number): number | undefined {
    const sql =
      'SELECT appended FROM fdp_records WHERE topic = ? AND partition = ? AND offset >= ? ORDER BY offset LIMIT 1';
    const row = this.#file.opened.read((db) => db.get(sql, this.#id, partition, offset));
    return row && Number(row['appended']);
  }

  version(partition: number): number {
    return this.#file.opened.changes.version(nameOf(this.#id, partition));
  }

  changedSince(partition: number, version: number, signal: AbortSignal): Promise<void> {
    return this.#file.opened.changedSince(nameOf(this.#id, partition), version, signal);
  }

  lease(group: string): Lease | undefined {
    const row = this.#file.opened.read((db) => groupRow(db, this.#id, group));
    return row && leaseOf(row);
  }

  takeLease(group: string, owner: string, stale: Lease | undefined): Promise<number | undefined> {
    return this.#file.opened.write((db) => {
      const row = groupRow(db, this.#id, group);
      const lease = row && leaseOf(row);
      const free = lease === undefined || lease.owner === null;
      if (!free && (lease.epoch !== stale?.epoch || lease.beat !== stale.beat)) return undefined;
      const epoch = (lease?.epoch ?? 0) + 1;
      const sql = `INSERT INTO fdp_groups (topic, name, owner, epoch, beat, seen) VALUES (?, ?, ?, ?, 0, ?)
        ON CONFLICT DO UPDATE SET owner = excluded.owner, epoch = excluded.epoch, beat = 0, seen = excluded.seen`;
      db.run(sql, this.#id, group, owner, epoch, this.#now());
      return epoch;
    });
  }

  beat(group: string, epoch: number): Promise<boolean> {
    const sql = 'UPDATE fdp_groups SET beat = beat + 1, seen = ? WHERE topic = ? AND name = ? AND epoch = ?';
    return this.#file.opened.write((db) => db.run(sql, this.#now(), this.#id, group, epoch) > 0);
  }

  async releaseLease(group: string, epoch: number): Promise<void> {
    const sql = 'UPDATE fdp_groups SET owner = NULL, seen = ? WHERE topic = ? AND name = ? AND epoch = ?';
    await this.#file.opened.write((db) => db.run(sql, this.#now(), this.#id, group, epoch));
  }

  positions(group: string): ReadonlyMap<number, Committed> {
    const sql = 'SELECT partition, position, note FROM fdp_positions WHERE topic = ? AND name = ?';
    const rows = this.#file.opened.read((db) => db.all(sql, this.#id, group));
    return new Map(
      rows.map(({ partition, position, note }) => [
        Number(partition),
        { position: Number(position), ...(typeof note === 'string' ? { note } : {}) },
      ]),
    );
  }

  commit(group: string, epoch: number, positions: ReadonlyMap<number, Committed>): Promise<boolean> {
    const sql = `INSERT INTO fdp_positions (topic, name, partition, position, note) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET position = excluded.position, note = excluded.note`;
    return this.#file.opened.write((db) => {
      if (Number(groupRow(db, this.#id, group)?.['epoch']) !== epoch) return false;
      for (const [partition, { position, note }] of positions)
        db.run(sql, this.#id, group, partition, position, note ?? null);
      return true;
    });
  }

  trim(limits: TrimLimits): Promise<Trimmed> {
    return this.#file.opened.write((db) => trimTopic(db, { topic: this.#id, now: this.#now() }, limits));
  }

  get walBytes(): number {
    return this.#file.opened.walBytes;
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  #now(): number {
    return this.#environment.clock.now();
  }

  #createTopic(db: Database): SqlRow {
    createLogTables(db);
    const find = () => db.get('SELECT topic, id, partitions FROM fdp_topics WHERE name = ?', this.topic);
    const known = find();
    if (known) return known;
    const { partitions } = this.#options;
    const random = Math.floor(this.#environment.chance.next() * 2 ** 32);
    const id = `${this.#now().toString(36)}-${random.toString(36)}`;
    db.run('INSERT INTO fdp_topics (name, id, partitions) VALUES (?, ?, ?)', this.topic, id, partitions);
    const made = find();
    if (!made) throw new FdpError('FDP_INTERNAL', `${this.name}: topic ${this.topic} was not made`);
    const sql = 'INSERT INTO fdp_partitions (topic, partition, first, next, bytes) VALUES (?, ?, 0, 0, 0)';
    for (let partition = 0; partition < partitions; partition++) db.run(sql, Number(made['topic']), partition);
    return made;
  }

  #append(db: Database, records: readonly NewRecord[]): void {
    const appended = this.#now();
    const ends = new Map<number, { next: number; bytes: number }>();
    for (const record of records) {
      const { partition, timestamp, key, value } = record;
      const end = ends.get(partition) ?? this.#end(db, partition);
      ends.set(partition, end);
      const sql = `INSERT INTO fdp_records (topic, partition, offset, timestamp, appended, key, value) VALUES (?, ?, ?, ?, ?, ?, ?)`;
      db.run(sql, this.#id, partition, end.next, timestamp, appended, stored(key), stored(value));
      end.next++;
      end.bytes += recordBytes(record);
    }
    const sql = 'UPDATE fdp_partitions SET next = ?, bytes = ? WHERE topic = ? AND partition = ?';
    for (const [partition, { next, bytes }] of ends) db.run(sql, next, bytes, this.#id, partition);
  }

  #end(db: Database, partition: number): { next: number; bytes: number } {
    const row = db.get('SELECT next, bytes FROM fdp_partitions WHERE topic = ? AND partition = ?', this.#id, partition);
    return { next: Number(row?.['next']), bytes: Number(row?.['bytes']) };
  }

  #records(db: Database, partition: number, range: { offset: number; count: number }): readonly StoredRecord[] {
    const sql = `SELECT offset, timestamp, key, value FROM fdp_records
      WHERE topic = ? AND partition = ? AND offset >= ? ORDER BY offset LIMIT ?`;
    const rows = db.lists(sql, this.#id, partition, range.offset, range.count);
    return rows.map(([offset, timestamp, key, value]) => ({
      offset: Number(offset),
      timestamp: Number(timestamp),
      key: keyOf(key),
      value: value as string | Uint8Array,
    }));
  }
}

function groupRow(db: Database, topic: number, group: string): SqlRow | undefined {
  return db.get('SELECT owner, epoch, beat FROM fdp_groups WHERE topic = ? AND name = ?', topic, group);
}

function leaseOf(row: SqlRow): Lease {
  const { owner } = row;
  return { owner: typeof owner === 'string' ? owner : null, epoch: Number(row['epoch']), beat: Number(row['beat']) };
}

/** SQLite's text ends at a NUL character when it is read: such text is kept as bytes. */
function stored(value: string | Uint8Array | null): SqlValue {
  return typeof value === 'string' && value.includes('\0') ? Buffer.from(value) : value;
}

function keyOf(value: SqlValue | undefined): string | null {
  if (value === null || value === undefined) return null;
  return value instanceof Uint8Array ? Buffer.from(value).toString() : String(value);
}

/** How many of the first records fit; at least one. */
function fitting(sizes: readonly SqlRow[], maxBytes: number): number {
  let left = maxBytes;
  const over = sizes.findIndex((row) => {
    left -= Number(row['bytes']);
    return left < 0;
  });
  return over === -1 ? sizes.length : Math.max(1, over);
}
