/** Where a stored row came from. */
export interface Coordinates {
  readonly lane: string;
  readonly offset: number;
  readonly index: number;
}

/**
 * The last row that a write stored or changed, by its unique field, and the message that did it.
 */
export interface Proof extends Omit<Coordinates, 'lane'> {
  readonly key: string | number | boolean | null;
}

/** Where a message comes from. What a source doesn't have is left out. */
export interface Meta {
  /** The lane: `log id/topic/partition` of a log, else the connector's name. */
  readonly lane: string;
  readonly topic?: string;
  readonly partition?: number;
  readonly offset?: number;
  /**
   * Position within the log message, counted by `split` and `explode` before anything can be
   * filtered.
   */
  readonly index?: number;
  /**
   * Of a replayed dead letter: where its message was read at first. Templates take their names from
   * there.
   */
  readonly origin?: Pick<Meta, 'topic' | 'partition' | 'offset'>;
}

/** The origin of one of several messages that were made from one. */
export function indexed(meta: Meta, index: number): Meta {
  const { lane, topic, partition, offset, origin } = meta;
  // Written out for the messages of a log and of a feed, which are most: a spread puts what is
  // added into an object of its own.
  const isOfLog = topic !== undefined && partition !== undefined && offset !== undefined;
  if (isOfLog && !origin) return { lane, topic, partition, offset, index };
  return Object.keys(meta).length === 1 ? { lane, index } : { ...meta, index };
}

/**
 * Where a message stands in its lane, as stores remember it: offset -1 outside a log, index 0 for a
 * whole log message.
 */
export function coordinatesOf({ meta }: { readonly meta: Meta }): Coordinates {
  return { lane: meta.lane, offset: meta.offset ?? -1, index: meta.index ?? 0 };
}
