import type { BranchPlan, OperatorPlan, TopologyPlan } from '../../../engine/plan.ts';
import type { Row } from '../../../kit/row.ts';
import type { StageRun } from '../stage-run.ts';
import { type Expectation, expectationOf, mayRepeat } from './expectation.ts';
import { judgeFeed } from './feed.ts';
import { type Judgement, notJudged, unknownHere } from './judgement.ts';
import { firstsOf, keptTable } from './kept-table.ts';
import { Letters } from './letters.ts';
import { isFields, type PieceTaker, type Steps, stepsThrough } from './trades.ts';

/** What a run of a topology came to, sink by sink, in comparison with what the records of its source should have made of it. */
export function judge(run: StageRun): readonly Judgement[] {
  const { branches } = run.topology;
  if (run.source.kind === 'messages') return branches.map((branch) => judgeFeedBranch(run, branch));
  return judgeLog(run);
}

/** A branch, with what its own operators make of a piece, and what its sink should then hold. */
interface Watched {
  readonly steps: Steps;
  readonly expectation: Expectation;
}

function judgeLog(run: StageRun): readonly Judgement[] {
  const { operators, branches, deadLetter } = run.topology;
  const letters = new Letters();
  const found = branches.map((branch) => watched(run, branch));
  const isKnown = passThrough(
    run,
    found.filter((each) => 'expectation' in each),
    letters,
  );
  const judgements = found.map((each, at) => {
    if (!('expectation' in each)) return each;
    const branch = branches[at] as BranchPlan;
    return each.expectation.judgement(() => tradesOf(run, branch));
  });
  if (!deadLetter) return judgements;
  if (!isKnown) return [...judgements, notJudged('dead_letters', unknownHere(stepsBefore(operators)))];
  const refusing = new Set(
    run.faults.flatMap((fault) => (fault.kind === 'sink' && fault.refuse ? [`${fault.branch}`] : [])),
  );
  return [...judgements, letters.judgement(run.letters, refusing)];
}

/** Operators that make rows or lines of trades. */
const ends: readonly string[] = ['metadata_upsert', 'candles', 'gaps', 'vwap'];

/** The operators before the one that makes rows or lines. */
function stepsBefore(operators: readonly OperatorPlan[]): readonly OperatorPlan[] {
  const at = operators.findIndex(({ declaration }) => ends.includes(declaration.type));
  return at < 0 ? operators : operators.slice(0, at);
}

function watched(run: StageRun, branch: BranchPlan): Watched | Judgement {
  const { operators: common } = run.topology;
  const operators = [...common, ...branch.operators];
  const before = stepsBefore(operators);
  const steps = stepsThrough(before) && stepsThrough(before.slice(stepsBefore(common).length));
  if (!steps) return notJudged(branch.name, unknownHere(before));
  const expectation = expectationOf(run, branch, operators.slice(before.length));
  return typeof expectation === 'string' ? notJudged(branch.name, expectation) : { steps, expectation };
}

/** Gives each record and each piece to those that watch; false if nothing is known of the operators that they have in common. */
function passThrough(run: StageRun, all: readonly Watched[], letters: Letters): boolean {
  const common = stepsThrough(stepsBefore(run.topology.operators));
  const rejected: PieceTaker['rejected'] = (piece) => letters.rejected(piece);
  const takers = all.map(({ steps, expectation }) => {
    const to: PieceTaker = { passed: (piece) => expectation.take(piece), rejected };
    return steps(to);
  });
  const toAll: PieceTaker = {
    passed: (piece) => {
      for (const each of takers) each(piece);
    },
    rejected,
  };
  const take = common?.(toAll);
  for (const record of run.records()) {
    for (const { expectation } of all) expectation.record?.(record);
    if (isFields(record.value)) take?.({ record, index: 0, fields: record.value });
    else letters.unreadable(record);
  }
  return common !== undefined;
}

/** The trades that a table should keep, as rows: only a test that shows what is wrong needs all of them. */
function tradesOf(run: StageRun, branch: BranchPlan): readonly Row[] {
  const found = watched(run, branch);
  const rows: Row[] = [];
  if (!('expectation' in found)) return rows;
  const { expectation, steps } = found;
  const isFirst = firstsOf(keptTable(run.twins.get(branch.connector)));
  const collect: Expectation = {
    take: (piece) => void (expectation.isAccepted(piece) && isFirst(piece.fields) && rows.push(piece.fields)),
    isAccepted: () => true,
    judgement: () => notJudged(branch.name, 'collected'),
  };
  passThrough(run, [{ steps, expectation: collect }], new Letters());
  return rows;
}

function judgeFeedBranch(run: StageRun, branch: BranchPlan): Judgement {
  const operators: TopologyPlan['operators'] = [...run.topology.operators, ...branch.operators];
  const [first, ...more] = operators;
  const isKnown = more.length === 0 && (first === undefined || first.declaration.type === 'split');
  if (!isKnown) return notJudged(branch.name, unknownHere(operators));
  const { tape, outages } = run;
  const split = first?.options as { readonly field: string; readonly by: string } | undefined;
  const got = run.kept(branch);
  return judgeFeed({ branch: branch.name, tape, outages, mayRepeat: mayRepeat(run, branch), split, got });
}
