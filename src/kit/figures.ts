/**
 * A counter or gauge of one kind of component. A component declares its figures under the names
 * that `count` and `gauge` of its node are called with; `/metrics` has a family of its own for
 * each.
 */
export interface Figure {
  readonly type: 'counter' | 'gauge';
  /**
   * The metric is `fdp_node_` and this: with its unit, in base units, and with `_total` if it is a
   * counter.
   */
  readonly metric: string;
  /** One sentence. */
  readonly help: string;
  /** Factor from the node's number to the metric: 0.001 for milliseconds in a metric of seconds. */
  readonly factor: number;
  /** Of a counter with one series per value (`countBy`): the label that has the value. */
  readonly label?: string;
}

/** Figures by the name that the node has them under. */
export type Figures = Readonly<Record<string, Figure>>;

/** A counter: `counter('gaps', ...)` is the metric `fdp_node_gaps_total`. */
export function counter(name: string, help: string): Figure {
  return { type: 'counter', metric: `${name}_total`, help, factor: 1 };
}

/** A counter with one series per value, which is a label of the metric. */
export function counterBy(label: string, name: string, help: string): Figure {
  return { ...counter(name, help), label };
}

/**
 * A counter of milliseconds, which is a metric of seconds: `milliseconds('gap', ...)` is
 * `fdp_node_gap_seconds_total`.
 */
export function milliseconds(name: string, help: string): Figure {
  return { type: 'counter', metric: `${name}_seconds_total`, help, factor: 0.001 };
}

/** A gauge, which falls as well as rises. */
export function gauge(name: string, help: string): Figure {
  return { type: 'gauge', metric: name, help, factor: 1 };
}

/** Figures that several components count. */
export const figures = {
  clients: gauge('clients', 'Clients that are connected.'),
  dropped: counter('dropped_messages', 'Messages given up because a bounded queue or buffer was full.'),
  evicted: counter('evicted_keys', 'Keys whose state was forgotten because there were more than max_keys.'),
  gap: counter('gap_messages', 'Messages that were removed from the log before they were read.'),
  gap_ms: milliseconds('gap', 'Time for which messages were missed.'),
  gaps: counter('gaps', 'Times for which messages were missed.'),
  open_gaps: gauge('open_gaps', 'Times without messages that are not over.'),
  reconnects: counter('reconnects', 'Connections made again.'),
  rejected_clients: counter(
    'rejected_clients',
    'Clients disconnected because they sent no key or a wrong one, or spoke no TLS, or too many others waited to be let in.',
  ),
  skipped_lines: counter(
    'skipped_lines',
    'Lines left out: unreadable, too long, or replaced for a client that reads slowly.',
  ),
  slow_clients: counter('slow_clients', 'Clients disconnected because they read too slowly.'),
  split_keys: counter('split_keys', 'Keys whose messages come in several partitions.'),
  wal_bytes: gauge('wal_bytes', 'Size of the write-ahead log of the SQLite file.'),
  wrong_keys: counter(
    'wrong_keys',
    'Wrong keys that clients sent, and attempts of those who had to wait after too many.',
  ),
} as const satisfies Figures;
