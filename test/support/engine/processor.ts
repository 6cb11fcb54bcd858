import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { connectors } from '../../../connectors/index.ts';
import { partitionOf } from '../../../connectors/shared/log/codec.ts';
import { operators } from '../../../operators/index.ts';
import type { Plan } from '../../../src/engine/plan.ts';
import { resolve } from '../../../src/pipeline/give/resolve.ts';
import { readSpec } from '../../../src/pipeline/read.ts';
import { createMemorySpace, type MemoryTable, type MemoryTopic } from '../../../src/simulate/memory/space.ts';
import { testEnvironment } from '../../../src/testing/environment.ts';
import { pipelineCopy, withoutGuarantees } from '../cli/pipeline-copy.ts';
import { temporaryFolder } from '../cli/platform.ts';
import { expectedStores, type Stores } from './oracle.ts';

const partitions = 2;
const topic = 'raw_stock_ticks';

const overlay = `connectors:
  ticks: { type: memory_log, partitions: ${partitions} }
  rejected: { type: memory_log }
  trades: { type: memory_table, table: trades }
  symbols: { type: memory_table, table: symbols }
  status: { type: memory_table }
`;

/** The topology `processor` as it is shipped, on memory connectors. */
function shippedPlan(): Plan {
  using folder = temporaryFolder();
  const pipelinePath = pipelineCopy(folder.path, ...withoutGuarantees());
  writeFileSync(join(dirname(pipelinePath), 'config', 'memory.yml'), overlay);
  const components = { connectors, operators };
  const spec = readSpec({ pipelinePath, profile: 'memory', env: {}, components });
  const { plan, problems } = resolve(spec, { topologies: ['processor'] });
  if (!plan) throw new Error(problems.map(({ message }) => message).join('\n'));
  return plan;
}

const shipped = shippedPlan();
// Connectors load their code when they are first created; virtual time does not wait for that.
for (const { name, declaration, options } of shipped.connectors.values())
  await (await declaration.create(options, { ...testEnvironment(), name })).close();

/** The value of a log record: an envelope of trades, or a text that is not one. */
export type Envelope = string | readonly { readonly s: string; readonly p: number; readonly t: number }[];

export type Backup = ReadonlyMap<string, MemoryTable>;

function copyOf(table: MemoryTable | undefined): MemoryTable {
  return {
    nextId: table?.nextId ?? 1,
    rows: new Map(table?.rows),
    byKey: new Map(table?.byKey),
    removedTo: new Map(table?.removedTo),
    bytes: table?.bytes ?? 0,
  };
}

/** The environment of the processor: a log with some records, and two tables, which outlive the processes. */
export class ProcessorWorld {
  readonly space = createMemorySpace();
  readonly #log: MemoryTopic;

  constructor(envelopes: readonly Envelope[]) {
    const parts = Array.from({ length: partitions }, () => ({ first: 0, records: [], bytes: 0 }));
    this.#log = { id: 'log', partitions: parts, groups: new Map(), revoked: new Set() };
    this.space.topics.set(topic, this.#log);
    for (const [index, envelope] of envelopes.entries()) this.#append(envelope, index);
  }

  /** The plan of a process that reads batches of `batch` records; `trades` are further options of that table. */
  plan(batch: number, trades: object = {}): Plan {
    const [topology] = shipped.topologies;
    if (!topology) throw new Error('the pipeline has no processor');
    const source = { ...topology.source, usage: { ...topology.source.usage, batch } };
    const placed = [...shipped.connectors].map(([name, connector]) => {
      const more = name === 'trades' ? trades : {};
      const options = { ...(connector.options as object), ...more, space: this.space.name };
      return [name, { ...connector, options }] as const;
    });
    return { ...shipped, connectors: new Map(placed), topologies: [{ ...topology, source }] };
  }

  get #positions(): Map<number, number> {
    return this.#log.groups.get('processor')?.positions ?? new Map();
  }

  /** True when the group has committed the end of every partition. */
  get isCaughtUp(): boolean {
    return this.#log.partitions.every(
      ({ first, records }, index) => this.#positions.get(index) === first + records.length,
    );
  }

  /** The group's positions, by partition. */
  get committed(): readonly number[] {
    return this.#log.partitions.map((_part, index) => this.#positions.get(index) ?? 0);
  }

  /** A copy of the current content of the tables, as in a backup. */
  backUp(): Backup {
    return new Map([...this.space.tables].map(([name, table]) => [name, copyOf(table)]));
  }

  /** Replaces a table by its backup, or by an empty table if it has none. */
  restore(backup: Backup, name: 'trades' | 'symbols'): void {
    this.space.tables.set(name, copyOf(backup.get(name)));
  }

  /** Removes the oldest records of every partition: a share of those below the group's position. */
  trim(share: number): void {
    for (const [index, part] of this.#log.partitions.entries()) {
      const removed = Math.max(0, Math.floor(((this.#positions.get(index) ?? 0) - part.first) * share));
      part.records.splice(0, removed);
      part.first += removed;
    }
  }

  /** The first offset of each partition. */
  get firsts(): readonly number[] {
    return this.#log.partitions.map(({ first }) => first);
  }

  /** Sets the group's positions back to a share of their values. */
  rewind(share: number): void {
    for (const [index, position] of this.#positions) this.#positions.set(index, Math.floor(position * share));
  }

  /** Revokes a partition from its reader and assigns it again. */
  revoke(partition: number): void {
    this.space.revoke(topic, partition % partitions);
  }

  /** By lane, the position up to which rows have expired. */
  get removedTo(): ReadonlyMap<string, readonly [offset: number, index: number]> {
    return this.space.tables.get('trades')?.removedTo ?? new Map();
  }

  get expected(): Stores {
    const records = this.#log.partitions.flatMap((part, partition) =>
      part.records.map(({ offset, value }) => ({ partition, offset, value: String(value) })),
    );
    return expectedStores(records, topic);
  }

  get stored(): Stores {
    const rows = (table: string) =>
      [...(this.space.tables.get(table)?.rows.values() ?? [])].map(({ values }) => values);
    const symbols = rows('symbols').map((row) => [row['symbol'], [row['tradeCount'], row['lastTradeAt']]]);
    return {
      trades: rows('trades')
        .map((row) => String(row['message_key']))
        .sort(),
      symbols: Object.fromEntries(symbols),
    };
  }

  /** Every stored row with its marks and ids: equal only if nothing at all has changed. */
  get everything(): unknown {
    const tables = [...this.space.tables].map(([name, { nextId, rows }]) => [
      name,
      nextId,
      [...rows.values()].map(({ at: _writtenAt, ...row }) => row),
    ]);
    return structuredClone(tables);
  }

  #append(envelope: Envelope, index: number): void {
    const isText = typeof envelope === 'string';
    const key = isText ? null : (envelope[0]?.s ?? null);
    const value = isText
      ? envelope
      : JSON.stringify({ type: 'trade', data: envelope.map((trade) => ({ ...trade, v: 1 })) });
    const partition = this.#log.partitions[key === null ? index % partitions : partitionOf(key, partitions)];
    partition?.records.push({ offset: partition.records.length, timestamp: index, key, value, appended: 0 });
  }
}
