import type { BranchPlan, OperatorPlan, TopologyPlan } from '../../../engine/plan.ts';
import type { Row } from '../../../kit/row.ts';
import type { StageRun } from '../stage-run.ts';
import { barRows, whyNoBars } from './bars.ts';
import { counterRows } from './counters.ts';
import { judgeFeed } from './feed.ts';
import { gapRows, whyNoGaps } from './gaps.ts';
import { type Judgement, notJudged } from './judgement.ts';
import { judgeLetters } from './letters.ts';
import { judgeLines } from './lines.ts';
import { judgeRows } from './rows.ts';
import { type Piece, type Pieces, piecesOf, readable } from './trades.ts';
import { vwapLines } from './vwap.ts';

/** What a run of a topology came to, sink by sink, in comparison with what the records of its source should have made of it. */
export function judge(run: StageRun): readonly Judgement[] {
  const { operators, branches, deadLetter } = run.topology;
  // What all branches have in common is computed once.
  const common = piecesOf(readable(run.records), stepsOf(operators));
  const judgements = branches.map((branch) => judgeBranch(run, branch, common));
  if (run.source.kind !== 'log' || !deadLetter) return judgements;
  return [...judgements, ...lettersOf(run, common)];
}

/** The operators before the one that makes rows or lines. */
function stepsOf(operators: readonly OperatorPlan[]): readonly OperatorPlan[] {
  const at = operators.findIndex(({ declaration }) => ends.includes(declaration.type));
  return at < 0 ? operators : operators.slice(0, at);
}

function lettersOf(run: StageRun, pieces: Pieces | undefined): readonly Judgement[] {
  const { operators } = run.topology;
  if (!pieces) return [notJudged('dead_letters', unknown(operators))];
  const refusing = new Set(
    run.faults.flatMap((fault) => (fault.kind === 'sink' && fault.refuse ? [`${fault.branch}`] : [])),
  );
  const { records, letters } = run;
  return [judgeLetters({ letters, records, rejected: pieces.rejected, refusing })];
}

function judgeBranch(run: StageRun, branch: BranchPlan, common: Pieces | undefined): Judgement {
  const operators = [...run.topology.operators, ...branch.operators];
  if (run.source.kind === 'messages') return judgeFeedBranch(run, branch, operators);
  if (run.source.kind !== 'log') return notJudged(branch.name, 'requests');
  const steps = stepsOf(operators);
  const pieces = common && piecesOf(common, steps.slice(stepsOf(run.topology.operators).length));
  if (!pieces) return notJudged(branch.name, unknown(steps));
  return judgeMade(run, branch, { pieces, made: operators.slice(steps.length) });
}

/** Operators that make rows or lines of trades. */
const ends: readonly string[] = ['metadata_upsert', 'candles', 'gaps', 'vwap'];

function judgeMade(
  run: StageRun,
  branch: BranchPlan,
  { pieces, made }: { readonly pieces: Pieces; readonly made: readonly OperatorPlan[] },
): Judgement {
  const { name } = branch;
  const [operator, more] = made;
  const taken = accepted(run, branch, pieces);
  const rows = (what: string, expected: readonly Row[]) => judgeTable(run, branch, { what, expected });
  const type = operator?.declaration.type;
  if (type === 'vwap') {
    const lines = vwapLines(made);
    if (!lines) return notJudged(name, unknown(made));
    return judgeLines(name, lines, {
      pieces: taken,
      got: run.outcome.contents.get(branch.connector) ?? [],
      mayRepeat: mayRepeat(run, branch),
    });
  }
  if (more) return notJudged(name, unknown([more]));
  if (type === undefined)
    return rows(
      'trades',
      taken.map(({ fields }) => fields),
    );
  if (type === 'metadata_upsert') return rows('counters', counterRows(taken, operator?.options));
  if (type === 'candles') {
    const why = whyNoBars(operator?.options);
    return why === undefined ? rows('bars', barRows(taken, operator?.options)) : notJudged(name, why);
  }
  const why = whyNoGaps(operator?.options);
  return why === undefined ? rows('gaps', gapRows(run.records)) : notJudged(name, why);
}

/** The trades that reach a sink: those that it, or the one that it follows, refuses end as dead letters, and each key is stored once. */
function accepted(run: StageRun, branch: BranchPlan, { passed }: Pieces): readonly Piece[] {
  const rows = run.topology.branches.find(({ name }) => name === (branch.after ?? branch.name)) ?? branch;
  const unique = tableOf(run, rows)?.unique;
  const taken = withoutRefused(run, { branch, rows, unique }, passed);
  if (branch.after === undefined || unique === undefined) return taken;
  const seen = new Set<unknown>();
  return taken.filter(({ fields }) => !seen.has(fields[unique]) && seen.add(fields[unique]));
}

interface Refusing {
  readonly branch: BranchPlan;
  /** The sink that keeps the trades themselves: this one, or the one that it follows. */
  readonly rows: BranchPlan;
  readonly unique: string | undefined;
}

/** A trade that was refused, and read again once it was no longer, is stored after all. */
function withoutRefused(run: StageRun, { branch, rows, unique }: Refusing, passed: readonly Piece[]): readonly Piece[] {
  const nameOf = (partition: unknown, offset: unknown, index: unknown) => `${partition}-${offset}-${index}`;
  const refused = new Set(
    run.letters
      .filter(({ sink }) => sink !== undefined && (sink === branch.name || sink === branch.after))
      .map(({ origin }) => nameOf(origin.partition, origin.offset, origin.index ?? 0)),
  );
  if (refused.size === 0) return passed;
  const stored = run.outcome.contents.get(rows.connector) as readonly Row[] | undefined;
  const keys = new Set(unique === undefined ? [] : (stored ?? []).map((row) => row[unique]));
  return passed.filter(({ record, index, fields }) => {
    if (!refused.has(nameOf(record.partition, record.offset, index))) return true;
    return unique !== undefined && keys.has(fields[unique]);
  });
}

function judgeTable(
  run: StageRun,
  branch: BranchPlan,
  { what, expected }: { readonly what: string; readonly expected: readonly Row[] },
): Judgement {
  const table = tableOf(run, branch);
  if (!table) return notJudged(branch.name, 'it is no table');
  const got = run.outcome.contents.get(branch.connector) ?? [];
  return judgeRows({ ...table, branch: branch.name, what, expected, got });
}

function tableOf(
  { plan }: StageRun,
  { connector }: BranchPlan,
): { readonly fields: Readonly<Record<string, string>> | undefined; readonly unique: string | undefined } | undefined {
  const found = plan.connectors.get(connector);
  if (found?.declaration.twin !== 'table') return undefined;
  const { fields, unique } = found.options as {
    readonly fields?: Readonly<Record<string, string>>;
    readonly unique?: string;
  };
  return { fields, unique };
}

function judgeFeedBranch(run: StageRun, branch: BranchPlan, operators: readonly OperatorPlan[]): Judgement {
  const [first, ...more] = operators;
  const isKnown = more.length === 0 && (first === undefined || first.declaration.type === 'split');
  if (!isKnown) return notJudged(branch.name, unknown(operators));
  const { tape, outages } = run;
  const split = first?.options as { readonly field: string; readonly by: string } | undefined;
  return judgeFeed({
    branch: branch.name,
    tape,
    outages,
    mayRepeat: mayRepeat(run, branch),
    split,
    got: run.kept(branch),
  });
}

/** Writes may have been repeated: a confirmation was lost, or a log was read again. */
function mayRepeat({ faults, source }: StageRun, { name }: BranchPlan): boolean {
  return faults.some((fault) =>
    fault.kind === 'sink'
      ? fault.branch === name && (fault.lose_ack ?? 0) > 0
      : source.kind === 'log' && fault.kind !== 'clock',
  );
}

function unknown(operators: TopologyPlan['operators']): string {
  const types = operators.map(({ declaration }) => declaration.type);
  return `nothing is known here of ${[...new Set(types)].join(', ')}`;
}
