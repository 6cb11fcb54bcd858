import type { BranchPlan, OperatorPlan } from '../../../engine/plan.ts';
import type { Row } from '../../../kit/row.ts';
import type { StageRun } from '../stage-run.ts';
import { Bars, whyNoBars } from './bars.ts';
import { Counters } from './counters.ts';
import { Gaps } from './gaps.ts';
import { type Judgement, unknownHere } from './judgement.ts';
import { firstsOf, type KeptTable, keptTable } from './kept-table.ts';
import { Lines } from './lines.ts';
import { judgeRows } from './rows.ts';
import { TradeRows } from './trade-rows.ts';
import type { Piece, SourceRecord } from './trades.ts';
import { vwapLines } from './vwap.ts';

/** What a sink should hold, as records and trades come. */
export interface Expectation {
  take(piece: Piece): void;
  record?(record: SourceRecord): void;
  /** Whether a trade reaches the sink; asked once for each. */
  isAccepted(piece: Piece): boolean;
  /** @param trades gives the trades that reach the sink, as rows */
  judgement(trades: () => readonly Row[]): Judgement;
}

/** Of a branch, by the operators that make its rows or lines; why nothing is known of it. */
export function expectationOf(
  run: StageRun,
  branch: BranchPlan,
  [operator, ...more]: readonly OperatorPlan[],
): Expectation | string {
  const type = operator?.declaration.type;
  if (type === 'vwap') return linesOf(run, branch, [operator as OperatorPlan, ...more]);
  if (more.length > 0) return unknownHere(more);
  const table = keptTable(run.twins.get(branch.connector));
  if (!table) return 'it is no table';
  if (type === undefined) return tradesIn(run, branch, table);
  const options = operator?.options;
  if (type === 'metadata_upsert')
    return madeRows(run, branch, { table, what: 'counters', made: new Counters(options) });
  if (type === 'candles') {
    return whyNoBars(options) ?? madeRows(run, branch, { table, what: 'bars', made: new Bars(options) });
  }
  const gaps = new Gaps(options);
  const made = { take: () => {}, rows: () => gaps.rows() };
  return { ...madeRows(run, branch, { table, what: 'gaps', made }), record: (record) => gaps.take(record) };
}

/** Writes may have been repeated: a confirmation was lost, or a log was read again. */
export function mayRepeat({ faults, source }: StageRun, { name }: BranchPlan): boolean {
  return faults.some((fault) =>
    fault.kind === 'sink'
      ? fault.branch === name && (fault.lose_ack ?? 0) > 0
      : source.kind === 'log' && fault.kind !== 'clock',
  );
}

function linesOf(run: StageRun, branch: BranchPlan, made: readonly OperatorPlan[]): Expectation | string {
  const known = vwapLines(made);
  if (!known) return unknownHere(made);
  const lines = new Lines(branch.name, known);
  const isAccepted = acceptance(run, branch);
  return {
    isAccepted,
    take: (piece) => isAccepted(piece) && lines.take(piece),
    judgement: () => lines.judgement(run.kept(branch), mayRepeat(run, branch)),
  };
}

function tradesIn(run: StageRun, branch: BranchPlan, table: KeptTable): Expectation {
  const isAccepted = acceptance(run, branch);
  if (table.unique === undefined) {
    const rows: Row[] = [];
    const made = { take: ({ fields }: Piece) => void rows.push(fields), rows: () => rows };
    return madeRows(run, branch, { table, what: 'trades', made });
  }
  const rows = new TradeRows(branch.name, table, table.unique);
  return {
    isAccepted,
    take: (piece) => isAccepted(piece) && rows.take(piece),
    judgement: (trades) => rows.judgement(trades),
  };
}

function madeRows(
  run: StageRun,
  branch: BranchPlan,
  {
    table: { fields, unique },
    what,
    made,
  }: {
    readonly table: KeptTable;
    readonly what: string;
    readonly made: { take(piece: Piece): void; rows(): readonly Row[] };
  },
): Expectation {
  const isAccepted = acceptance(run, branch);
  return {
    isAccepted,
    take: (piece) => isAccepted(piece) && made.take(piece),
    judgement: () => {
      const got = run.outcome.contents.get(branch.connector) ?? [];
      return judgeRows({ branch: branch.name, what, expected: made.rows(), got, fields, unique });
    },
  };
}

/** The trades that reach a sink: those that it, or the one that it follows, refuses end as dead letters, and each key is stored once. */
function acceptance(run: StageRun, branch: BranchPlan): (piece: Piece) => boolean {
  // The sink that keeps the trades themselves: this one, or the one that it follows.
  const rows = run.topology.branches.find(({ name }) => name === (branch.after ?? branch.name)) ?? branch;
  const table = keptTable(run.twins.get(rows.connector));
  const isRefused = refusal(run, branch, table);
  if (branch.after === undefined) return (piece) => !isRefused(piece);
  const isFirst = firstsOf(table);
  return (piece) => !isRefused(piece) && isFirst(piece.fields);
}

/** A trade that was refused, and read again once it was no longer, is stored after all. */
function refusal(run: StageRun, branch: BranchPlan, table: KeptTable | undefined): (piece: Piece) => boolean {
  const nameOf = (partition: unknown, offset: unknown, index: unknown) => `${partition}-${offset}-${index}`;
  const refused = new Set(
    run.letters
      .filter(({ sink }) => sink !== undefined && (sink === branch.name || sink === branch.after))
      .map(({ origin }) => nameOf(origin.partition, origin.offset, origin.index ?? 0)),
  );
  if (refused.size === 0) return () => false;
  const unique = table?.unique;
  return ({ record, index, fields }) =>
    refused.has(nameOf(record.partition, record.offset, index)) &&
    !(unique !== undefined && table && table.idOf(fields[unique]) > 0);
}
