import { partitionOf } from '../../connectors/shared/log/codec.ts';
import type { ConnectorPlan, Plan, TopologyPlan } from '../engine/plan.ts';
import { FdpError } from '../errors.ts';
import { type Chance, seededChance } from '../kit/chance.ts';
import type { Connector } from '../kit/connector.ts';
import type { ConnectorContext } from '../kit/declaration.ts';
import type { Environment } from '../kit/environment.ts';
import { toJson } from '../kit/json.ts';
import type { Message } from '../kit/message.ts';
import { Cut, faultySink, type SinkFault } from './faults.ts';
import { faultyLookup, type LookupFault } from './lookup-faults.ts';
import { MemoryLogStore } from './memory/log-store.ts';
import { nextOffset } from './memory/partition.ts';
import { createMemorySpace, type MemorySpace } from './memory/space.ts';
import { MemoryTableStore } from './memory/table-store.ts';
import { PushedInput, pushedMessage } from './pushed-input.ts';
import { makeTapeLog } from './recording/log.ts';
import type { Manifest } from './recording/manifest.ts';
import { RequestInput } from './request-input.ts';
import type { TapeEntry } from './tape.ts';
import { type Twin, twinOf } from './twins.ts';

/** A message that a sink has stored. */
export interface Stored {
  readonly branch: string;
  /** The sink keeps the order of the source. */
  readonly isOrdered: boolean;
  readonly message: Message;
}

/** When something was stored: ms of virtual time since the topology was ready, and Unix ms of the wall clock. */
export interface StoredAt {
  readonly atMs: number;
  readonly nowMs: number;
}

interface WorldParts {
  readonly faults: readonly SinkFault[];
  readonly lookupFaults: readonly LookupFault[];
  readonly seed: number;
  readonly environment: Environment;
  /** Ms since the topology was ready. */
  sinceReady(): number;
  /** Gets what is stored in the place of `stored`. */
  readonly onStored?: (stored: Stored) => void;
}

/** Everything outside the process of a topology: what it reads from and writes to. It outlives every process. */
export class World {
  readonly topology: TopologyPlan;
  /** The plan with the twins in place of its connectors. */
  readonly plan: Plan;
  readonly twins = new Map<string, Twin>();
  readonly stored: Stored[] = [];
  readonly input = new PushedInput();
  readonly requests = new RequestInput();
  readonly #spaces = new Map<string, MemorySpace>();
  readonly #cut = new Cut();
  readonly #faults: readonly SinkFault[];
  readonly #lookupFaults: readonly LookupFault[];
  readonly #chance: Chance;
  readonly #environment: Environment;
  readonly #sinceReady: () => number;
  readonly #onStored: (stored: Stored) => void;
  #turn = 0;

  /** @throws FDP_SPEC_INVALID if a connector has no twin */
  constructor(plan: Plan, parts: WorldParts) {
    const [topology] = plan.topologies;
    if (!topology) throw new FdpError('FDP_INTERNAL', 'the plan has no topology');
    this.topology = topology;
    this.#faults = parts.faults;
    this.#lookupFaults = parts.lookupFaults;
    // Apart from the run's own, so that a fault more changes nothing else.
    this.#chance = seededChance(parts.seed + 1);
    this.#environment = parts.environment;
    this.#sinceReady = () => parts.sinceReady();
    this.#onStored = parts.onStored ?? ((stored) => void this.stored.push(stored));
    const connectors = new Map([...plan.connectors].map(([name, each]) => [name, this.#replaced(each)]));
    this.plan = { ...plan, status: undefined, connectors };
  }

  get source(): Twin {
    return this.#twin(this.topology.source.connector);
  }

  /** Puts rows into a table before anything runs. @throws FDP_MESSAGE_REFUSED for a row that the table does not take */
  async give(connector: string, rows: readonly unknown[]): Promise<void> {
    const twin = this.#twin(connector);
    if (twin.kind !== 'table') throw new FdpError('FDP_SPEC_INVALID', `${connector}: is not a table`);
    const store = new MemoryTableStore(twin.space, twin.table, this.#environment);
    await store.open();
    const coordinates = { lane: '', offset: -1, index: 0 };
    const given = rows.map((row) => ({ values: store.kept(row), coordinates }));
    await store.insert(given, new AbortController().signal);
  }

  /** The log that is read is the one of a tape: its topic, and where its partitions begin. */
  isOf(tape: Manifest): void {
    const { source } = this;
    if (source.kind === 'log') makeTapeLog(source.space, source.topic, tape);
  }

  /** Something comes from outside, all of it at this moment. */
  async take(entries: readonly TapeEntry[]): Promise<void> {
    const { source } = this;
    const { connector } = this.topology.source;
    const timestamp = this.#environment.clock.now();
    if (source.kind === 'log') return await this.#append(entries, { source, timestamp });
    for (const { key, content } of entries)
      if ('request' in content) this.requests.ask(content.request);
      else if ('record' in content) {
        const { timestamp: at, value } = content.record;
        this.input.push(pushedMessage({ text: String(value) }, { key, timestamp: at, meta: { lane: connector } }));
      } else this.input.push(pushedMessage(content, { key, timestamp, meta: { lane: connector } }));
  }

  async #append(
    entries: readonly TapeEntry[],
    { source, timestamp }: { readonly source: Extract<Twin, { kind: 'log' }>; readonly timestamp: number },
  ): Promise<void> {
    const { connector } = this.topology.source;
    const { space, topic, partitions: wanted } = source;
    const store = new MemoryLogStore(space, { name: connector, topic, partitions: wanted }, this.#environment);
    const { partitions } = await store.open();
    const records = entries.map(({ key, content }) => {
      if ('record' in content) return content.record;
      const partition = key === null ? this.#turn++ % partitions : partitionOf(key, partitions);
      const value = 'text' in content ? content.text : toJson('value' in content ? content.value : null, connector);
      return { partition, timestamp, key, value };
    });
    await store.append(records, new AbortController().signal);
  }

  /** The connection of the source is cut, or is back. What was read of a log and is not committed is read again. */
  cut(isCut: boolean): void {
    const { source } = this;
    this.#cut.set(isCut);
    this.input.away(isCut);
    if (source.kind !== 'log' || !isCut) return;
    for (let partition = 0; partition < source.partitions; partition++) source.space.revoke(source.topic, partition);
  }

  /** The process is gone, with all that it had not stored. */
  crash(): void {
    for (const space of this.#spaces.values()) space.crash();
    this.input.drop();
    this.requests.drop();
  }

  /** Copies the table of a branch; the function that is returned sets it back to that. */
  backUp(branch: string): () => void {
    const { connector } = this.topology.branches.find(({ name }) => name === branch) ?? { connector: branch };
    const twin = this.#twin(connector);
    if (twin.kind !== 'table') throw new FdpError('FDP_SPEC_INVALID', `${branch}: is not a table`);
    const { space, table } = twin;
    const backup = space.copyOf(table.name);
    return () => space.tables.set(table.name, backup);
  }

  /** The positions that the topology's group has committed; none unless its source is a log. */
  get committed(): readonly { readonly partition: number; readonly offset: number }[] {
    const { source } = this;
    if (source.kind !== 'log') return [];
    const group = source.space.topics.get(source.topic)?.groups.get(String(this.topology.source.usage['group']));
    const positions = [...(group?.positions ?? [])].sort(([one], [other]) => one - other);
    return positions.map(([partition, offset]) => ({ partition, offset }));
  }

  /** Whether everything that came was read, and, of a log, committed. */
  get isCaughtUp(): boolean {
    const { source } = this;
    if (source.kind === 'requests') return this.requests.open === 0;
    if (source.kind !== 'log') return this.input.waiting === 0;
    const partitions = source.space.topics.get(source.topic)?.partitions ?? [];
    const committed = new Map(this.committed.map(({ partition, offset }) => [partition, offset]));
    return partitions.every((each, at) => each.records.length === 0 || (committed.get(at) ?? 0) >= nextOffset(each));
  }

  dispose(): void {
    for (const space of this.#spaces.values()) space.dispose();
  }

  #twin(connector: string): Twin {
    const twin = this.twins.get(connector);
    if (!twin) throw new FdpError('FDP_SPEC_INVALID', `${connector}: is not part of ${this.topology.name}`);
    return twin;
  }

  #space(names: readonly string[]): MemorySpace {
    const known = names.map((name) => this.#spaces.get(name)).find((space) => space !== undefined);
    const space = known ?? createMemorySpace();
    for (const name of names) this.#spaces.set(name, space);
    return space;
  }

  #replaced(plan: ConnectorPlan): ConnectorPlan {
    const { input, requests } = this;
    const parts = {
      input,
      requests,
      sinceReady: this.#sinceReady,
      space: (names: readonly string[]) => this.#space(names),
    };
    const { twin, plan: replaced } = twinOf(plan, parts);
    this.twins.set(plan.name, twin);
    const create = async (options: unknown, context: ConnectorContext) =>
      this.#watched(plan.name, await replaced.declaration.create(options, context));
    return { ...replaced, declaration: { ...replaced.declaration, create } };
  }

  /** A connector whose sinks have the faults of their branches, whose lookup has its own, and whose source may be cut. */
  #watched(name: string, connector: Connector): Connector {
    const { source, sink, lookup } = connector;
    return {
      ...(source && { source: (usage, context) => this.#cut.over(source.call(connector, usage, context)) }),
      ...(sink && {
        sink: (usage, context) => {
          const { branch } = context.node;
          return faultySink(sink.call(connector, usage, context), {
            context,
            faults: this.#faults.filter((each) => each.branch === branch),
            chance: this.#chance,
            sinceReady: this.#sinceReady,
            stored: (messages, isOrdered) => {
              if (branch === undefined) return;
              for (const message of messages) this.#onStored({ branch, isOrdered, message });
            },
          });
        },
      }),
      ...(lookup && {
        lookup: (context) => {
          const faults = this.#lookupFaults.filter((each) => each.connector === name);
          return faultyLookup(lookup.call(connector, context), { faults, context, sinceReady: this.#sinceReady });
        },
      }),
      close: () => connector.close(),
    };
  }
}
