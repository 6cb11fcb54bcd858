import type { BranchPlan, Plan, TopologyPlan } from '../../engine/plan.ts';
import type { TestFault } from '../../pipeline/tests/model.ts';
import type { RequestTimes } from '../../simulate/request-input.ts';
import type { RunOutcome } from '../../simulate/run.ts';
import type { Tape, TapeEntry } from '../../simulate/tape.ts';
import type { Twin } from '../../simulate/twins.ts';
import type { Outages } from './oracle/feed.ts';
import type { AskedTable } from './oracle/found.ts';
import type { ExpectedReply, Judgement, Violation } from './oracle/judgement.ts';
import type { Letter } from './oracle/letters.ts';
import type { SourceRecord } from './oracle/trades.ts';
import type { Asked } from './requests/asked.ts';

/** A run of one topology: its plan, what comes, what goes wrong, and the seed. */
export interface StageRequest<T extends Iterable<TapeEntry> = Tape> {
  readonly plan: Plan;
  readonly tape: T;
  readonly faults: readonly TestFault[];
  readonly seed: number;
  /** Of a topology that answers requests. */
  readonly given?: GivenTables;
}

/** What a topology that answers requests is asked about, and what each request means. */
export interface GivenTables {
  readonly tables: ReadonlyMap<string, AskedTable>;
  /** By the text of the request. */
  readonly asked: ReadonlyMap<string, Asked>;
}

/** What a stage leaves, for the oracle. */
export interface StageRun extends StageRequest<Iterable<TapeEntry>> {
  readonly topology: TopologyPlan;
  readonly source: Twin;
  readonly outcome: RunOutcome;
  readonly outages: Outages;
  readonly twins: ReadonlyMap<string, Twin>;
  readonly letters: readonly Letter[];
  /** Of requests. */
  readonly times: readonly RequestTimes[];
  /** What its log holds, partition by partition. */
  records(): Iterable<SourceRecord>;
  /** What a branch has stored in a log, or passed on, in order, as JSON. */
  kept(branch: BranchPlan): Iterable<TapeEntry>;
}

export interface StageResult {
  readonly topology: string;
  readonly messages: number;
  readonly faults: readonly TestFault[];
  readonly digest: string;
  readonly doneMs: number | undefined;
  readonly deadLetters: number;
  readonly judgements: readonly Judgement[];
  /** Of the order of each symbol, and of the run as a whole. */
  readonly violations: readonly Violation[];
  /** What each request should get, in their order; of a topology that answers requests. */
  readonly replies: readonly ExpectedReply[] | undefined;
  readonly log: readonly string[];
}
