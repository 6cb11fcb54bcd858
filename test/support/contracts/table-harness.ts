import type { Connector } from '../../../src/kit/connector.ts';
import type { Query } from '../../../src/kit/lookup.ts';
import { type Message, toMessage } from '../../../src/kit/message.ts';
import type { NodeStats } from '../../../src/kit/node-stats.ts';
import type { Coordinates } from '../../../src/kit/origin.ts';
import type { Row } from '../../../src/kit/row.ts';
import type { Receipt, Sink } from '../../../src/kit/sink.ts';
import type { VirtualClock } from '../../../src/simulate/virtual-clock.ts';
import { type recordingLog, roleContext, testEnvironment } from '../../../src/testing/environment.ts';

/** Gives a contract suite access to one kind of table. */
export interface TableWorld {
  readonly clock: VirtualClock;
  readonly log: ReturnType<typeof recordingLog>;
  /** A connector to the same stored data. */
  connector(options: object): Promise<Connector>;
  dispose(): Promise<void>;
}

export const tradeTable = {
  fields: {
    message_key: 'string',
    symbol: 'string',
    price: 'decimal',
    time: 'date',
    size: 'int64',
    ratio: 'double',
    late: 'boolean',
  },
  unique: 'message_key',
  indexes: [['symbol', '-time', '-_id']],
};

export const symbolTable = {
  fields: { symbol: 'string', tradeCount: 'int64', lastTradeAt: 'date', volume: 'double' },
  unique: 'symbol',
};

/** One table, opened for writing and lookups, as in one process. */
export class TestTable {
  readonly #world: TableWorld;
  readonly #connector: Connector;
  readonly sink: Sink;
  /** The node of the sink or of the lookup. */
  readonly node: NodeStats;
  readonly #lookup: NonNullable<ReturnType<NonNullable<Connector['lookup']>>>;

  private constructor(world: TableWorld, connector: Connector, input: 'rows' | 'merges') {
    this.#world = world;
    this.#connector = connector;
    const context = { ...roleContext(testEnvironment(world.clock), { input }), log: world.log };
    const [sink, lookup] = [connector.sink?.({}, context), connector.lookup?.(context)];
    this.node = context.node;
    if (!sink || !lookup) throw new Error('the connector has no sink or no lookup');
    this.sink = sink;
    this.#lookup = lookup;
  }

  static async open(world: TableWorld, options: object = tradeTable, input: 'rows' | 'merges' = 'rows') {
    const table = new TestTable(world, await world.connector(options), input);
    try {
      await table.connect();
      return table;
    } catch (error) {
      await table.close();
      throw error;
    }
  }

  async connect(): Promise<void> {
    const signal = new AbortController().signal;
    await this.#world.clock.until(Promise.all([this.sink.connect(signal), this.#lookup.connect(signal)]));
  }

  write(messages: readonly Message[]): Promise<Receipt> {
    return this.#world.clock.until(this.sink.write(messages, new AbortController().signal));
  }

  async put(row: Row): Promise<void> {
    if (!this.sink.rows?.put) throw new Error('the sink can not put rows');
    await this.#world.clock.until(this.sink.rows.put(row, new AbortController().signal));
  }

  find(query: Partial<Query> = {}): Promise<readonly Row[]> {
    const whole = { where: {}, sort: [], limit: 100_000, ...query };
    return this.#world.clock.until(this.#lookup.find(whole, new AbortController().signal));
  }

  /** Rows with their number in the order of insertion, from 1, instead of an id that differs between tables. */
  async findNumbered(query: Partial<Query> = {}): Promise<readonly Row[]> {
    const ids = await this.ids();
    return (await this.find(query)).map((row) => ({ ...row, _id: String(ids.indexOf(String(row['_id'])) + 1) }));
  }

  /** The ids of all rows, in the order of insertion. */
  async ids(): Promise<readonly string[]> {
    const rows = await this.find({ sort: [{ field: '_id', descending: false }] });
    return rows.map(({ _id }) => String(_id));
  }

  async close(): Promise<void> {
    await this.#world.clock.until(Promise.all([this.sink.close(), this.#lookup.close()]));
    await this.#connector.close();
  }
}

export function rowMessage(value: unknown, from: Partial<Coordinates> = {}): Message {
  const meta = { lane: 'lane', ...from };
  return toMessage({ key: null, value, timestamp: 0, meta }, undefined);
}

export interface Count {
  readonly symbol: string;
  readonly offset: number;
  readonly index?: number;
  readonly lane?: string;
  readonly time?: number;
  readonly count?: number;
}

/** A merge operation as made by `metadata_upsert` from a log record with that key and timestamp. */
export function countMessage({ symbol, offset, index = 0, lane = 'id/topic/0', time = 0, count = 1 }: Count): Message {
  const value = { merge: { by: { symbol }, count: { tradeCount: count }, latest: { lastTradeAt: time } } };
  return toMessage({ key: symbol, value, timestamp: 5000 + offset, meta: { lane, offset, index } }, undefined);
}
