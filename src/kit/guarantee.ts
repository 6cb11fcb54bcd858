// What components declare about loss and repetition. The guarantee of a path from a source to a
// sink is derived from it (docs/decisions/013-guarantees-are-derived.md).

/** How often a message has its effect at the end of a path, the weakest first. */
export const guarantees = ['at_most_once', 'at_least_once', 'effectively_once'] as const;

export type Guarantee = (typeof guarantees)[number];

/** Why a component promises less than `effectively_once`. */
export interface GuaranteeLimit {
  /**
   * A clause that is complete without its subject's name:
   * `what it sends meanwhile is not sent again`.
   */
  readonly why: string;
  /** What to change, as a request: `set \`unique\``. Left out if nothing helps. */
  readonly cure?: string;
}

/** What a source promises. Without `loses` it reads again what was not committed. */
export interface SourceGuarantee {
  /** Messages may be missed, or can't be read again after a crash. */
  readonly loses?: GuaranteeLimit;
  /** Operators see again what was received within this time before the position, ms. */
  readonly warmUpMs?: number;
}

/** What a sink gets, for its guarantee. */
export interface SinkInput {
  /** Plain rows, or merge operations. */
  readonly input: 'rows' | 'merges';
  /** Whether the source reads again what was not committed: its messages have offsets then. */
  readonly sourceReplays: boolean;
}

/** What a sink promises. */
export interface SinkGuarantee {
  /** A message that it has confirmed may be gone, or nobody has confirmed it. */
  readonly loses?: GuaranteeLimit;
  /** A message that is written a second time is there twice. */
  readonly repeats?: GuaranteeLimit;
  /**
   * Without `repeats`: why a second write changes nothing, as a clause whose subject is the sink:
   * `knows each row by id`.
   */
  readonly knows?: string;
}

/**
 * State of an operator that is gone after a restart, so that a message may become something else
 * when it is read again.
 */
export interface OperatorState extends GuaranteeLimit {
  /**
   * How far back its state reaches, ms: a source with a `warm_up` of that time restores it. Left
   * out: no time does.
   */
  readonly ms?: number;
}

/** Of a sink that appends whatever it is given. */
export const appendsAgain: GuaranteeLimit = {
  why: 'what is written again, after a crash or a write of unknown outcome, is appended again',
  cure: 'end in a table with `unique`, which knows what it has',
};
