import { groupMemoryMs, planTrim, recordOverheadBytes } from '../shared/log/retention.ts';
import type { TrimLimits, Trimmed } from '../shared/log/store.ts';
import type { Database } from '../shared/sqlite-file/database.ts';

/** The size of a record. */
export const bytesSql = `octet_length(value) + coalesce(octet_length(key), 0) + ${recordOverheadBytes}`;

/** Removes the oldest records of a topic that exceed its limits, at most `step` at a time. @param now Unix ms */
export function trimTopic(
  db: Database,
  { topic, now }: { readonly topic: number; readonly now: number },
  { retentionMs, maxBytes, step }: TrimLimits,
): Trimmed {
  const rows = db.all('SELECT partition, first, bytes FROM fdp_partitions WHERE topic = ? ORDER BY bytes DESC', topic);
  let excessBytes = rows.reduce((sum, row) => sum + Number(row['bytes']), 0) - maxBytes;
  let [removed, unread] = [0, 0];
  for (const row of rows) {
    const [partition, first] = [Number(row['partition']), Number(row['first'])];
    const sql = `SELECT offset, appended, ${bytesSql} AS bytes FROM fdp_records
      WHERE topic = ? AND partition = ? AND offset >= ? ORDER BY offset LIMIT ?`;
    const records = db.all(sql, topic, partition, first, step - removed).map((record) => ({
      offset: Number(record['offset']),
      appended: Number(record['appended']),
      bytes: Number(record['bytes']),
    }));
    const protect = slowest(db, partition, { topic, now });
    const plan = planTrim(records, { olderThan: now - retentionMs, excessBytes, protect });
    if (plan.removed === 0) continue;
    const where = 'topic = ? AND partition = ? AND offset < ?';
    db.run(`DELETE FROM fdp_records WHERE ${where}`, topic, partition, plan.first);
    const update = 'UPDATE fdp_partitions SET first = ?, bytes = bytes - ? WHERE topic = ? AND partition = ?';
    db.run(update, plan.first, plan.bytes, topic, partition);
    excessBytes -= plan.bytes;
    removed += plan.removed;
    unread += plan.unread;
    if (removed >= step) break;
  }
  return { removed, unread };
}

/** The lowest position of the groups that were active in the last day. */
function slowest(
  db: Database,
  partition: number,
  { topic, now }: { readonly topic: number; readonly now: number },
): number {
  const sql = `SELECT min(coalesce(p.position, 0)) AS position FROM fdp_groups g
    LEFT JOIN fdp_positions p ON p.topic = g.topic AND p.name = g.name AND p.partition = ?
    WHERE g.topic = ? AND g.seen > ?`;
  const position = db.get(sql, partition, topic, now - groupMemoryMs)?.['position'];
  return position === null || position === undefined ? Number.MAX_SAFE_INTEGER : Number(position);
}
