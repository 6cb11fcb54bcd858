import type { Meta } from './origin.ts';
import { RecencyMap } from './recency-map.ts';
import type { RoleContext } from './role.ts';
import { foreignText } from './text.ts';

/** Keys whose partition is remembered; beyond that, the least recently used is forgotten. */
const maxKeys = 10_000;
const several = -1;

/**
 * Notices a key that appears in several partitions of one topic. An operator keeps the state of a key per partition,
 * so its results for such a key are based on a part of the messages only. Counted once per key as `split_keys`, and
 * logged once. A key whose partitions are read by different processes is not noticed.
 */
export class KeyLanes {
  readonly #context: Pick<RoleContext, 'node' | 'log'>;
  readonly #partitionOf = new RecencyMap<number>();
  #isLogged = false;

  constructor(context: Pick<RoleContext, 'node' | 'log'>) {
    this.#context = context;
  }

  /** To be called for a key that is new in its lane. */
  see(key: string, { topic, partition, origin }: Meta): void {
    // A replayed message is read from the partition of the dead letters.
    if (partition === undefined || origin !== undefined) return;
    const before = this.#partitionOf.get(key);
    if (before === partition || before === several) return;
    this.#partitionOf.use(key, before === undefined ? partition : several);
    if (before !== undefined) this.#tell(key, `partitions ${before} and ${partition} of ${topic}`);
    else if (this.#partitionOf.size > maxKeys) this.#partitionOf.removeOldest();
  }

  #tell(key: string, where: string): void {
    const { node, log } = this.#context;
    node.count('split_keys');
    if (this.#isLogged) return;
    this.#isLogged = true;
    log.warn(
      { node: node.name },
      `${node.name}: ${foreignText(key, 100)} is in ${where}: each partition has its own state, so results for ` +
        'this key are wrong. Its producer must use it as the key of its messages; see docs/keys.md',
    );
  }
}
