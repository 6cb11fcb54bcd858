import { join } from 'node:path';
import { expectedStores, type Stores } from '../engine/oracle.ts';
import { pipelineCopy } from './pipeline-copy.ts';
import { eventually, Process } from './platform.ts';
import { wrongBars } from './recomputed-bars.ts';
import { logOf, rowsOf, storedTrades, storesOf } from './stored.ts';
import { type Workspace, workspaceIn } from './workspace.ts';

/** The shipped platform with a busier mock market, in its own data folder and on its own ports. */
export class Installation {
  readonly folder: string;
  readonly workspace: Workspace;
  /** The path of its pipeline. */
  readonly pipeline: string;

  private constructor(folder: string, pipeline: string, workspace: Workspace) {
    this.folder = folder;
    this.pipeline = pipeline;
    this.workspace = workspace;
  }

  static async in(folder: string, rate: string): Promise<Installation> {
    const pipeline = pipelineCopy(folder, ['rate: 50/s', `rate: ${rate}`]);
    return new Installation(folder, pipeline, await workspaceIn(join(folder, 'data')));
  }

  get #data(): string {
    return join(this.folder, 'data');
  }

  get storeFile(): string {
    return join(this.#data, 'store.db');
  }

  get logFile(): string {
    return join(this.#data, 'log.db');
  }

  /** Starts some topologies, or all if none is named. */
  start(topologies: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Process {
    const chosen = topologies.length > 0 ? ['--topology', topologies.join()] : [];
    const args = ['--pipeline', this.pipeline, ...chosen];
    // Several processes can't serve metrics on one port; each takes the next free one.
    const { OBSERVE_PORT: _, ...shared } = this.workspace.env;
    return new Process(args, { ...shared, ...env });
  }

  /** Messages of the log that the group has not committed. */
  lag(group: string): number {
    const sql = `SELECT sum(n.next - coalesce(p.position, 0)) AS lag FROM fdp_partitions n
      JOIN fdp_topics t ON t.topic = n.topic AND t.name = 'raw_stock_ticks'
      LEFT JOIN fdp_positions p ON p.topic = n.topic AND p.partition = n.partition AND p.name = ?`;
    return Number(rowsOf(this.logFile, sql, group)[0]?.['lag'] ?? 0);
  }

  /** Works off the log with a process of its own, then stops it. No other process may run. */
  async catchUp(): Promise<void> {
    const groups = ['processor', 'candles'];
    await using processor = this.start(groups);
    await eventually(
      'the log worked off',
      async () => processor.output.includes(': starting') && groups.every((group) => this.lag(group) === 0),
    );
    const code = await processor.stop();
    if (code !== 0) throw new Error(`the processor ended with ${code}: ${processor.output}`);
  }

  /** Number of stored trades, for those who ask again and again. */
  get storedTrades(): number {
    return storedTrades(this.#data);
  }

  /** The stored trades, computed from their rows. */
  get stores(): Stores {
    return storesOf(this.#data);
  }

  /** Differences between the stores and the log, which is taken as correct; empty if there are none. */
  differences(): readonly string[] {
    const records = logOf(this.#data);
    const [expected, stored] = [expectedStores(records), storesOf(this.#data)];
    const [wanted, found] = [new Set(expected.trades), new Set(stored.trades)];
    const symbols = [...new Set([...Object.keys(expected.symbols), ...Object.keys(stored.symbols)])];
    return [
      ...(stored.trades.length === found.size ? [] : [`${stored.trades.length - found.size} trades stored twice`]),
      ...expected.trades.filter((key) => !found.has(key)).map((key) => `lost ${key}`),
      ...stored.trades.filter((key) => !wanted.has(key)).map((key) => `invented ${key}`),
      ...symbols
        .filter((symbol) => String(expected.symbols[symbol]) !== String(stored.symbols[symbol]))
        .map((symbol) => `${symbol}: ${stored.symbols[symbol]} instead of ${expected.symbols[symbol]}`),
      ...this.#wrongRows(records),
      ...wrongBars(rowsOf(this.storeFile, 'SELECT * FROM candles'), records),
    ].slice(0, 20);
  }

  /** Stored trades whose columns differ from the trade that their key identifies. */
  #wrongRows(records: ReturnType<typeof logOf>): readonly string[] {
    const values = new Map(records.map(({ partition, offset, value }) => [`${partition}-${offset}`, value]));
    const rows = rowsOf(this.storeFile, 'SELECT message_key, symbol, price, time, volume FROM finnhub_trades');
    return rows.flatMap(({ message_key: key, symbol, price, time, volume }) => {
      const [, partition, offset, , , index] = String(key).match(/^\w+-(\d+)-(\d+)--(.+)-(\d+)-(\d+)$/) ?? [];
      const data = JSON.parse(values.get(`${partition}-${offset}`) ?? '{}').data ?? [];
      const { s, p, t, v } = data[Number(index)] ?? {};
      const same = symbol === s && Number(price) === p && time === t && Number(volume) === v;
      return same ? [] : [`${key} is stored as ${symbol} ${price} ${time} ${volume}`];
    });
  }
}
