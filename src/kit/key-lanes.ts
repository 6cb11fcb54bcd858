import type { Meta } from './origin.ts';
import { RecencyMap } from './recency-map.ts';
import type { RoleContext } from './role.ts';
import { foreignText } from './text.ts';

/** Keys of which the partition is remembered; of more, the one unused for longest is forgotten. */
const maxKeys = 10_000;
const several = -1;

/**
 * Notices a key that comes in several partitions of one topic. An operator keeps what it knows of a key for each partition,
 * so whatever it says of such a key is made from a part of its messages only. Counted once a key as `split_keys`, and
 * logged once. A key whose partitions are read by different processes is not noticed.
 */
export class KeyLanes {
  readonly #context: Pick<RoleContext, 'node' | 'log'>;
  readonly #partitionOf = new RecencyMap<number>();
  #isLogged = false;

  constructor(context: Pick<RoleContext, 'node' | 'log'>) {
    this.#context = context;
  }

  /** A key came that was not known in its lane. */
  see(key: string, { topic, partition, origin }: Meta): void {
    // What is replayed lies where the dead letters do.
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
