import type { Logger } from '../../kit/environment.ts';
import type { NodeStats } from '../../kit/node-stats.ts';
import type { Sink } from '../../kit/sink.ts';
import type { Lane } from '../../kit/source.ts';
import type { Proofs } from './proofs.ts';

export interface StoreCheck {
  /** The sinks that settle, by branch. */
  readonly sinks: ReadonlyMap<string, Sink>;
  readonly proofs: Proofs;
  /** The source's. */
  readonly node: NodeStats;
  readonly log: Logger;
}

/**
 * Rewinds a lane whose stores are behind its committed position, before anything is read: to the offset of the store
 * that is furthest behind, less the messages that may have been under way there. The rest is not read again; records
 * that the log has removed meanwhile are counted as a gap. The stores skip what they have: nothing is stored twice.
 * Does nothing if every store has what was noted with the position, or nothing was.
 */
export async function rewindToStores(lane: Lane, check: StoreCheck): Promise<void> {
  const { log, group } = lane;
  if (!log || !group) return;
  const behind = await storesBehind(lane.id, check);
  if (behind.size === 0) return;
  const { first } = await log.range();
  const next = Math.min(...behind.values());
  const from = group.start.position;
  const position = Math.min(from, Math.max(first, next - check.proofs.underWay));
  for (const branch of behind.keys()) check.proofs.drop(branch);
  await group.rewind(position, check.proofs.note);
  const messages = from - position;
  const missed = Math.max(0, Math.min(first, from) - next);
  say(check, { lane: lane.id, stores: [...behind.keys()].join(', '), from, to: position, messages });
  if (missed > 0) sayGap(check, { lane: lane.id, missed, next, first });
}

/** The branches whose store lacks confirmed writes, with the offset up to which it has them. */
async function storesBehind(lane: string, { sinks, proofs }: StoreCheck): Promise<ReadonlyMap<string, number>> {
  const behind = new Map<string, number>();
  for (const [branch, sink] of sinks) {
    const known = proofs.of(branch);
    const next = known.length > 0 ? await sink.rows?.behind(lane, known) : undefined;
    if (next !== undefined) behind.set(branch, next);
  }
  return behind;
}

function say(
  { node, log }: StoreCheck,
  fields: { lane: string; stores: string; from: number; to: number; messages: number },
): void {
  const { lane, stores, from, to, messages } = fields;
  node.count('rewound', messages);
  const what = 'older than what the group has committed (restored from a backup, or emptied)';
  const again = `${lane} is read again from offset ${to} instead of ${from}: ${messages} messages`;
  log.warn(fields, `${node.name}: the store of ${stores} is ${what}: ${again}`);
}

function sayGap(
  { node, log }: StoreCheck,
  fields: { lane: string; missed: number; next: number; first: number },
): void {
  const { lane, missed, next, first } = fields;
  node.count('gap', missed);
  const text = `the log begins at offset ${first} of ${lane}, a store ends at ${next}: ${missed} messages are in neither`;
  log.error(fields, `${node.name}: ${text}`);
}
