import type { NodeKind, NodeState } from './node-state.ts';
import type { NodeSnapshot } from './snapshot.ts';

export type { NodeKind, NodeState };

/** What a node needs from its owner, the topology. */
export interface NodeOwner {
  /** Called once per state change. */
  stateChanged(node: NodeStats): void;
  /**
   * Adds to an error's text which environment variables its values come from; left out where that
   * is unknown.
   */
  explain?(text: string): string;
}

interface Condition {
  readonly state: NodeState;
  readonly reason?: string | undefined;
  readonly retryAt?: number | undefined;
}

/**
 * One source, operator or sink of a topology: its counters, in messages, and its state. At every
 * instant `in + made = out + filtered + rejected + released + inFlight`.
 */
export class NodeStats {
  in = 0;
  /** Messages that the node added: one message that becomes five makes four. */
  made = 0;
  out = 0;
  filtered = 0;
  rejected = 0;
  released = 0;
  inFlight = 0;
  retries = 0;
  state: NodeState = 'idle';
  /** Why the state is not `ok`; one line. */
  reason: string | undefined;
  /** When it will try again, Unix ms; undefined when it does not wait, or the time is unknown. */
  retryAt: number | undefined;
  /** The address it works at, if it has one: `127.0.0.1:8888`. */
  address: string | undefined;
  /** Figures of this kind of node: reconnects, gaps, clients, lines skipped, keys evicted. */
  readonly extra: Record<string, number> = {};
  /** Which of `extra` may fall as well as rise. */
  readonly gauges = new Set<string>();
  readonly name: string;
  readonly kind: NodeKind;
  /** The component's type in the YAML. */
  readonly type: string;
  /** The branch that it belongs to; undefined before the fan-out. */
  branch: string | undefined;
  readonly #owner: NodeOwner;
  #own: Condition = { state: 'idle' };
  readonly #impaired = new Map<object, Condition>();
  readonly #refreshers = new Set<() => void>();

  constructor(name: string, kind: NodeKind, type: string, owner: NodeOwner) {
    this.name = name;
    this.kind = kind;
    this.type = type;
    this.#owner = owner;
  }

  /** Adds to a counter of this kind of node. */
  count(counter: string, by = 1): void {
    this.extra[counter] = (this.extra[counter] ?? 0) + by;
  }

  /**
   * Adds to a counter with one series per value: `unknown_conditions:1001`. The caller bounds the
   * number of values.
   */
  countBy(counter: string, value: string): void {
    this.count(`${counter}:${value}`);
  }

  /** Sets a gauge of this kind of node. */
  gauge(name: string, value: number): void {
    this.gauges.add(name);
    this.extra[name] = value;
  }

  /**
   * Calls `fn` before each snapshot, to bring figures up to date that grow by themselves; the
   * returned function ends it.
   */
  onSnapshot(fn: () => void): () => void {
    this.#refreshers.add(fn);
    return () => void this.#refreshers.delete(fn);
  }

  refresh(): void {
    for (const fn of this.#refreshers) fn();
  }

  /** What its component reports of itself. */
  is(state: NodeState, reason?: string, retryAt?: number): void {
    this.#own = { state, reason, retryAt };
    if (state === 'idle') this.#impaired.clear();
    this.#show();
  }

  /**
   * Reports what impairs one of its lanes or writes. The node shows it as long as one is impaired,
   * even if the others work, and its component too.
   */
  impaired(who: object, state: Extract<NodeState, 'retrying' | 'held'>, reason: string): void {
    this.#impaired.set(who, { state, reason });
    this.#show();
  }

  /** Ends what `who` has reported; does nothing if it has reported nothing. */
  recovered(who: object): void {
    if (this.#impaired.delete(who)) this.#show();
  }

  #show(): void {
    const all = [...this.#impaired.values()];
    const worst = all.find(({ state }) => state === 'held') ?? all[0];
    const { state, reason, retryAt } = worst !== undefined && isAtWork(this.#own) ? worst : this.#own;
    // A reason that changes while the state stays is kept, but not logged again.
    const isReported = this.state === state && (this.reason !== undefined || reason === undefined);
    this.state = state;
    this.reason = reason === undefined ? undefined : (this.#owner.explain?.(reason) ?? reason);
    this.retryAt = retryAt;
    if (!isReported) this.#owner.stateChanged(this);
  }
}

/** Neither before its start, nor after its end, nor broken: what impairs its lanes says more. */
function isAtWork({ state }: Condition): boolean {
  return state === 'ok' || state === 'retrying' || state === 'standby';
}

/** The node as observers see it; `from` is the one that gives it messages. */
export function nodeSnapshot(node: NodeStats, from: string | undefined): NodeSnapshot {
  node.refresh();
  const {
    name,
    kind,
    type,
    state,
    reason,
    retryAt,
    address,
    in: taken,
    made,
    out,
    filtered,
    rejected,
    released,
    inFlight,
    retries,
  } = node;
  return {
    ...{ name, kind, type, state, in: taken, made, out, filtered, rejected, released, inFlight, retries },
    ...(reason === undefined ? {} : { reason }),
    ...(retryAt === undefined ? {} : { retryAt }),
    ...(address === undefined ? {} : { address }),
    ...(from === undefined ? {} : { from }),
    extra: { ...node.extra },
    gauges: [...node.gauges],
  };
}
