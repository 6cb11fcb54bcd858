import type { SourceMessage } from '../../../src/kit/message.ts';
import type { RoleContext } from '../../../src/kit/role.ts';
import { decodeRecord } from '../log/codec.ts';
import type { Database } from '../sqlite-file/database.ts';
import { HeldFile } from '../sqlite-file/held-file.ts';
import { lossOf, type Missed, missedText, union } from './missed.ts';

/** A message for a log in the disk buffer. */
export interface BufferedMessage {
  readonly id: number;
  readonly key: string | null;
  /** Unix ms. */
  readonly timestamp: number;
  readonly value: string | Uint8Array;
}

export interface DiskBufferOptions {
  /** Names the queue within the file: several sinks may share one. */
  readonly name: string;
  readonly path: string;
  /** The most bytes of keys and values in the buffer. */
  readonly maxBytes: number;
}

interface GapRow {
  readonly id: number;
  readonly missed: Missed;
}

interface Dropped {
  /** The id up to which everything was dropped. */
  readonly to: number;
  readonly freed: number;
  readonly dropped: number;
  /** By how many rows there are fewer. */
  readonly removed: number;
  readonly gaps: ReadonlyMap<string, GapRow>;
}

const insertSql = 'INSERT INTO fdp_buffer (name, key, timestamp, value, bytes) VALUES (?, ?, ?, ?, ?) RETURNING id';
/** Ids below zero: a gap message is before all that came after what was dropped. */
const insertGapSql =
  'INSERT INTO fdp_buffer (id, name, key, timestamp, value, bytes) SELECT min(0, coalesce(min(id), 0)) - 1, ?, ?, ?, ?, 0 FROM fdp_buffer RETURNING id';
/** Roughly the bytes that a message takes beside its key and value. */
const overheadBytes = 64;

/**
 * A queue in a SQLite file, fsynced: messages that `append` has confirmed survive a kill and a power cut. Bounded: if
 * it is full the oldest messages are dropped, their number is reported, and a gap message stays for the trades of each key. A full disk is FDP_DISK_FULL; nothing of it
 * is lost.
 */
export class DiskBuffer {
  readonly #options: DiskBufferOptions;
  readonly #file: HeldFile;
  #isOpen = false;
  #messages = 0;
  #bytes = 0;
  #droppedTo = 0;
  /** The gap message of the dropped trades of each key; perhaps sent meanwhile. */
  readonly #gaps = new Map<string, GapRow>();

  constructor(options: DiskBufferOptions, context: RoleContext) {
    this.#options = options;
    this.#file = new HeldFile(`${options.name}: the disk buffer`, options.path, context);
  }

  /** The number of messages. */
  get size(): number {
    return this.#messages;
  }

  async open(signal: AbortSignal): Promise<void> {
    if (this.#isOpen) return;
    const file = await this.#file.open(signal);
    await file.write((db) =>
      db.exec(
        'CREATE TABLE IF NOT EXISTS fdp_buffer (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, key, timestamp INTEGER NOT NULL, value NOT NULL, bytes INTEGER NOT NULL)',
      ),
    );
    const sql = 'SELECT count(*) AS messages, coalesce(sum(bytes), 0) AS bytes FROM fdp_buffer WHERE name = ?';
    const row = file.read((db) => db.get(sql, this.#options.name));
    this.#messages = Number(row?.['messages'] ?? 0);
    this.#bytes = Number(row?.['bytes'] ?? 0);
    this.#isOpen = true;
  }

  /** Resolves when the messages are durable, with their ids, and the number of older ones that were dropped. */
  async append(
    messages: readonly Omit<BufferedMessage, 'id'>[],
    signal: AbortSignal,
  ): Promise<{ readonly ids: readonly number[]; readonly dropped: number }> {
    const { name, maxBytes } = this.#options;
    const weights = messages.map(
      ({ key, value }) => overheadBytes + Buffer.byteLength(key ?? '') + Buffer.byteLength(value),
    );
    const added = weights.reduce((sum, weight) => sum + weight, 0);
    const done = await this.#file.opened.write((db) => {
      const ids = messages.map(({ key, timestamp, value }, index) =>
        Number(db.get(insertSql, name, key, timestamp, value, weights[index] ?? 0)?.['id']),
      );
      return { ids, ...this.#drop(db, this.#bytes + added - maxBytes) };
    }, signal);
    this.#messages += messages.length - done.removed;
    this.#bytes += added - done.freed;
    this.#droppedTo = done.to;
    for (const [key, gap] of done.gaps) this.#gaps.set(key, gap);
    return { ids: done.ids, dropped: done.dropped };
  }

  /**
   * Drops the oldest messages until `excess` bytes are free. For the trades of a key that were dropped there is one gap
   * message at the head of the queue; it weighs nothing, nor do the gap messages of feeds, which stay where they are.
   */
  #drop(db: Database, excess: number): Dropped {
    const { name } = this.#options;
    const oldest =
      'SELECT id, key, value, bytes FROM fdp_buffer WHERE name = ? AND id > ? AND bytes > 0 ORDER BY id LIMIT 1';
    const gaps = new Map<string, GapRow>();
    let [to, freed, dropped, removed] = [this.#droppedTo, 0, 0, 0];
    while (freed < excess) {
      const row = db.get(oldest, name, to);
      if (!row) break;
      to = Number(row['id']);
      freed += Number(row['bytes']);
      const loss = lossOf(row['value'] as string | Uint8Array);
      if (loss === 'gap message') {
        db.run('UPDATE fdp_buffer SET bytes = 0 WHERE id = ?', to);
        continue;
      }
      dropped++;
      removed += db.run('DELETE FROM fdp_buffer WHERE id = ?', to);
      if (loss === undefined || row['key'] === null) continue;
      const key = String(row['key']);
      const before = gaps.get(key) ?? this.#gaps.get(key);
      const isThere = before !== undefined && db.run('DELETE FROM fdp_buffer WHERE id = ?', before.id) > 0;
      const missed = isThere ? union(before.missed, loss) : loss;
      const made = db.get(insertGapSql, name, key, missed.to, missedText(missed, key, name));
      gaps.set(key, { id: Number(made?.['id']), missed });
      if (!isThere) removed--;
    }
    return { to, freed, dropped, removed, gaps };
  }

  /** The oldest messages, in order. */
  first(count: number): readonly BufferedMessage[] {
    return this.#select('ORDER BY id LIMIT ?', count);
  }

  /** The newest message, as a log would give it; undefined when none waits. */
  last(): SourceMessage | undefined {
    const [message] = this.#select('ORDER BY id DESC LIMIT ?', 1);
    const origin = { lane: 'disk buffer', topic: this.#options.name, partition: 0 };
    return message && decodeRecord({ ...message, offset: message.id }, origin);
  }

  /** Removes messages that the log has confirmed. */
  async remove(messages: readonly BufferedMessage[]): Promise<void> {
    const freed = await this.#file.opened.write((db) => {
      let bytes = 0;
      let count = 0;
      for (const { id } of messages) {
        const row = db.get('SELECT bytes FROM fdp_buffer WHERE id = ?', id);
        if (row) count++;
        bytes += Number(row?.['bytes'] ?? 0);
        db.run('DELETE FROM fdp_buffer WHERE id = ?', id);
      }
      return { bytes, count };
    });
    this.#bytes -= freed.bytes;
    this.#messages -= freed.count;
  }

  close(): Promise<void> {
    this.#isOpen = false;
    return this.#file.close();
  }

  #select(order: string, count: number): readonly BufferedMessage[] {
    const sql = `SELECT id, key, timestamp, value FROM fdp_buffer WHERE name = ? ${order}`;
    return this.#file.opened
      .read((db) => db.all(sql, this.#options.name, count))
      .map(({ id, key, timestamp, value }) => ({
        id: Number(id),
        key: key === null ? null : String(key),
        timestamp: Number(timestamp),
        value: value instanceof Uint8Array ? value : String(value),
      }));
  }
}
