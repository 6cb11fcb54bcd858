import { contributionsOf, TableEvidence } from '../../../connectors/shared/reconcile/evidence.ts';
import { type Reconciled, reconcile } from '../../../connectors/shared/reconcile/reconciliation.ts';
import { readTable, type TableOptions } from '../../../connectors/shared/table/definition.ts';
import type { AuditedState, TableAudit } from '../../../src/kit/audit.ts';
import { derive, type Message } from '../../../src/kit/message.ts';
import { coordinatesOf } from '../../../src/kit/origin.ts';
import type { Difference } from '../../../src/kit/reconciler.ts';
import type { MergeShape, Row } from '../../../src/kit/row.ts';
import { roleContext, testEnvironment } from '../../../src/testing/environment.ts';
import { barMessage, barTable, type Trade } from './fold-model.ts';
import { rowMessage, type TableWorld, TestTable } from './table-harness.ts';

const rowTable = {
  fields: { id: 'string', symbol: 'string', time: 'date', size: 'int64', price: 'decimal', turnover: 'double' },
  unique: 'id',
} as const;
export const { signal } = new AbortController();

export const barShape: MergeShape = {
  unique: 'symbol',
  fields: {
    ...{ trades: 'count', size: 'sum', volume: 'sum', turnover: 'sum', high: 'highest', low: 'lowest' },
    ...{ open: 'first', close: 'last', firstAt: 'lowest', lastAt: 'highest', market: 'set_on_insert' },
  },
};

/** Two tables: the stored trades, and the rows that count them. */
export class ReconcileBench {
  readonly trades: TestTable;
  readonly bars: TestTable;
  readonly audits: { readonly trades: TableAudit; readonly bars: TableAudit };
  readonly found: Difference[] = [];
  readonly #closers: (() => Promise<void>)[];

  private constructor(parts: Pick<ReconcileBench, 'trades' | 'bars' | 'audits'>, closers: (() => Promise<void>)[]) {
    this.trades = parts.trades;
    this.bars = parts.bars;
    this.audits = parts.audits;
    this.#closers = closers;
  }

  /** @param named returns the option that gives a table of the world its name */
  static async open(world: TableWorld, named: (name: string) => object, more: object = {}): Promise<ReconcileBench> {
    const options = {
      trades: { ...rowTable, ...named('trades'), ...more },
      bars: { ...barTable, ...named('bars') },
    };
    const trades = await TestTable.open(world, options.trades);
    const bars = await TestTable.open(world, options.bars, 'merges');
    const closers = [() => trades.close(), () => bars.close()];
    const audit = async (given: object) => {
      const connector = await world.connector(given);
      const made = connector.audit?.(roleContext(testEnvironment(world.clock)));
      if (!made) throw new Error('the connector has no audit');
      await world.clock.until(made.connect(signal));
      closers.push(async () => {
        await world.clock.until(made.close());
        await connector.close();
      });
      return made;
    };
    const audits = { trades: await audit(options.trades), bars: await audit(options.bars) };
    return new ReconcileBench({ trades, bars, audits }, closers);
  }

  async store(trades: readonly Trade[]): Promise<void> {
    await this.trades.write(trades.map(tradeRow));
  }

  async count(trades: readonly Trade[]): Promise<void> {
    if (trades.length > 0) await this.bars.write(trades.map(barMessage));
  }

  /** Changes only a row's values, as another program would. */
  async spoil(symbol: string, change: AuditedState['values']): Promise<void> {
    await this.audits.bars.revise(symbol, (row) => row && { ...row, values: { ...row.values, ...change } }, signal);
  }

  /** @param more `between` is called after a row was recomputed and before it is repaired */
  async reconcile(
    more: Partial<Parameters<typeof reconcile>[1]> & {
      readonly underWay?: number;
      between?(): Promise<void>;
    } = {},
  ) {
    const definition = readTable('bars', barTable as TableOptions);
    const evidence = new TableEvidence(
      this.audits.trades,
      readTable('trades', rowTable as TableOptions),
      contributionsOf(definition, (messages) => messages.map(barOf)),
    );
    this.found.length = 0;
    const subject = {
      definition,
      shape: barShape,
      counters: interrupted(this.audits.bars, more.between),
      evidence,
      underWay: more.underWay ?? 1e6,
    };
    const found = (difference: Difference) => void this.found.push(difference);
    return (await reconcile(subject, { repair: false, found, ...more }, signal)) satisfies Reconciled;
  }

  async rows(): Promise<readonly Row[]> {
    const rows = await this.bars.find({ sort: [{ field: 'symbol', descending: false }] });
    return rows.map(({ _id, ...row }) => row);
  }

  async close(): Promise<void> {
    for (const close of this.#closers) await close();
  }
}

function tradeRow({ lane, offset, index, ...trade }: Trade, n: number): Message {
  const id = offset < 0 ? `old ${n} ${trade.time}` : `${lane} ${offset} ${index}`;
  return rowMessage({ id, ...trade }, offset < 0 ? { lane: '' } : { lane, offset, index });
}

function barOf(message: Message): Message {
  const row = message.value as Omit<Trade, 'lane' | 'offset' | 'index'>;
  return derive(message, { value: barMessage({ ...row, ...coordinatesOf(message) }).value });
}

/** A table audit that calls `between` just before the first revision of a row. */
function interrupted(audit: TableAudit, between: (() => Promise<void>) | undefined): TableAudit {
  let happens = between;
  return {
    connect: (given) => audit.connect(given),
    scan: (...given) => audit.scan(...given),
    since: (...given) => audit.since(...given),
    rows: (...given) => audit.rows(...given),
    whyRowsAreMissing: () => audit.whyRowsAreMissing(),
    close: () => audit.close(),
    revise: async (...given) => {
      const first = happens;
      happens = undefined;
      await first?.();
      await audit.revise(...given);
    },
  };
}
