import { Observable, type Subscriber } from 'rxjs';
import type { BranchPlan, Limits, OperatorPlan, Plan, TopologyPlan } from '../../../src/engine/plan.ts';
import type { Clock } from '../../../src/kit/clock.ts';
import type { Connector } from '../../../src/kit/connector.ts';
import type { ConnectorDeclaration, OperatorDeclaration } from '../../../src/kit/declaration.ts';
import type { Message, SourceMessage } from '../../../src/kit/message.ts';
import type { Receipt, Sink } from '../../../src/kit/sink.ts';
import type { Lane, Source } from '../../../src/kit/source.ts';

// A small world for the engine's own tests: a log that survives crashes, configurable sinks, handwritten plans.

export interface LogPartition {
  readonly values: readonly unknown[];
  committed: number;
  /** All committed positions, in order. */
  readonly commits: number[];
}

/** A log in memory that outlives its readers. */
export class WorldLog {
  readonly partitions: readonly LogPartition[];
  batchSize = 7;
  /** True if the source ends when everything is read; otherwise it waits for more. */
  ends = true;
  replayable = true;
  /** Called before each reading and commit; may wait or throw. */
  disturb: (what: 'read' | 'commit', partition: number) => Promise<void> = async () => {};
  #subscriber: Subscriber<Lane> | undefined;
  #open: AbortController[] = [];
  readonly #clock: Clock;

  constructor(clock: Clock, values: readonly (readonly unknown[])[]) {
    this.#clock = clock;
    this.partitions = values.map((each) => ({ values: each, committed: 0, commits: [] }));
  }

  source(): Source {
    return {
      replayable: this.replayable,
      connect: async () => {},
      close: async () => this.#revokeAll(),
      lanes: new Observable((subscriber) => {
        this.#subscriber = subscriber;
        this.#openAll();
        if (this.ends) subscriber.complete();
      }),
    };
  }

  /** Revokes every lane and assigns it again, from the committed position. */
  rebalance(): void {
    this.#revokeAll();
    this.#openAll();
  }

  #revokeAll(): void {
    for (const life of this.#open) life.abort();
    this.#open = [];
  }

  #openAll(): void {
    for (const partition of this.partitions.keys()) this.#subscriber?.next(this.#lane(partition));
  }

  #lane(number: number): Lane {
    const partition = this.partitions[number] as LogPartition;
    const life = new AbortController();
    this.#open.push(life);
    const id = `log/topic/${number}`;
    let next = partition.committed;
    return {
      id,
      signal: life.signal,
      read: async (signal) => {
        await this.disturb('read', number);
        while (next >= partition.values.length && !this.ends && !signal.aborted) await this.#clock.sleep(100, signal);
        if (signal.aborted || next >= partition.values.length) return undefined;
        const values = partition.values.slice(next, next + this.batchSize);
        const messages = values.map((value, step) => record(value, id, number, next + step));
        next += values.length;
        return { messages, position: next, bytes: values.length * 100 };
      },
      group: {
        start: { position: partition.committed },
        commit: async (position) => {
          await this.disturb('commit', number);
          if (life.signal.aborted) return;
          partition.committed = position;
          partition.commits.push(position);
        },
        rewind: async (position) => {
          partition.committed = position;
          next = position;
        },
      },
    };
  }
}

function record(value: unknown, lane: string, partition: number, offset: number): SourceMessage {
  const { key } = value as { key?: string };
  return { key: key ?? null, value, timestamp: offset, meta: { lane, topic: 'topic', partition, offset } };
}

export type Write = (messages: readonly Message[], signal: AbortSignal) => Promise<Receipt>;

/** A sink that keeps its input; `write` may be replaced to fail, wait or refuse. */
export class WorldSink {
  readonly written: Message[] = [];
  ordered = true;
  maxInFlight = 1;
  connects = 0;
  closes = 0;
  write: Write = async (messages) => this.keep(messages);
  connect: () => Promise<void> = async () => {};

  keep(messages: readonly Message[]): Receipt {
    this.written.push(...messages);
    return {};
  }

  sink(): Sink {
    return {
      ordered: this.ordered,
      maxInFlight: this.maxInFlight,
      connect: () => {
        this.connects++;
        return this.connect();
      },
      close: async () => {
        this.closes++;
      },
      write: (messages, signal) => this.write(messages, signal),
    };
  }

  get values(): unknown[] {
    return this.written.map((message) => message.value);
  }
}

/** A connector that returns the same source or sink each time. */
export function connectorOf(roles: { source?: () => Source; sink?: () => Sink }): Connector {
  return { ...roles, close: async () => {} };
}

export interface WorldPlan {
  readonly connectors: Readonly<Record<string, Connector | (() => Promise<Connector>)>>;
  readonly source: string;
  readonly operators?: readonly OperatorPlan[];
  /** In the order of the pipeline; a plain branch is just a name. */
  readonly sinks: readonly (string | (Partial<BranchPlan> & { readonly connector: string }))[];
  readonly deadLetter?: string;
  readonly limits?: Partial<Limits>;
  readonly shutdownMs?: number;
  readonly writeTimeoutMs?: number;
}

/** A handwritten plan with one topology, `test`. */
export function planOf(given: WorldPlan): Plan {
  const topology: TopologyPlan = {
    name: 'test',
    description: '',
    deadLetter: given.deadLetter === undefined ? undefined : { connector: given.deadLetter, usage: {} },
    source: { connector: given.source, usage: {} },
    operators: given.operators ?? [],
    routes: [],
    branches: given.sinks.map((sink) => branchOf(typeof sink === 'string' ? { connector: sink } : sink)),
  };
  const limits = { laneBatches: 4, laneBytes: 1e6, topologyBatches: 16, topologyBytes: 1e7, ...given.limits };
  return {
    name: 'test',
    settings: { shutdownMs: given.shutdownMs ?? 5000, writeTimeoutMs: given.writeTimeoutMs ?? 15_000, limits },
    connectors: new Map(
      Object.entries(given.connectors).map(([name, made]) => [
        name,
        { name, declaration: declared(name, made), options: {} },
      ]),
    ),
    topologies: [topology],
  };
}

function branchOf(given: Partial<BranchPlan> & { readonly connector: string }): BranchPlan {
  return {
    name: given.connector,
    usage: {},
    operators: [],
    input: 'rows',
    after: undefined,
    bestEffort: false,
    ...given,
  };
}

function declared(type: string, made: Connector | (() => Promise<Connector>)): ConnectorDeclaration {
  const create = async () => (typeof made === 'function' ? made() : made);
  return { type, summary: '', options: {}, example: '', create };
}

/** An operator made by a test. */
export function operatorPlan(
  create: OperatorDeclaration['create'],
  type = 'custom',
  options: unknown = {},
): OperatorPlan {
  return { declaration: { type, summary: '', options: {}, example: '', create }, options };
}
