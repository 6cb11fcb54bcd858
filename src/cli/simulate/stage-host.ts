import { readCalendar } from '../../../operators/support/calendar-file.ts';
import type { Plan } from '../../engine/plan.ts';
import { FdpError } from '../../errors.ts';
import { Market, type MarketFacts } from '../../simulate/market/market.ts';
import { asTexts, type PackedTape } from '../../simulate/packed-tape.ts';
import type { TapeEntry } from '../../simulate/tape.ts';
import { asInput, type Link } from './chain.ts';
import { type FailureTest, failureTest } from './failure-test.ts';
import type { Judgement, Violation } from './oracle/judgement.ts';
import type { Prepared } from './prepared.ts';
import { packedTables, requestsOn } from './requests/given-tables.ts';
import { shrinkStage } from './shrink-stage.ts';
import { runStage, violationsOf } from './stage.ts';
import type { StageRequest, StageResult } from './stage-run.ts';

/** When the virtual clock begins: the XNYS opens. */
const startMs = Date.UTC(2025, 10, 20, 14, 30);
const anySymbols = ['AAPL', 'MSFT', 'NVDA', 'AMD'];
/** The next topology's own chance. */
const seedStep = 101;

/** A topology to be run. */
export interface StageTask {
  readonly topology: string;
  /** What an earlier one has written, or is writing. */
  readonly tape?: PackedTape;
  /** The tables that requests are about, a text for each row. Without a tape and these: the market. */
  readonly tables?: ReadonlyMap<string, PackedTape>;
}

/** What a report needs of a stage. */
export interface StageReport {
  readonly topology: string;
  /** What it took so many of. */
  readonly input: 'message' | 'request';
  readonly messages: number;
  readonly faults: number;
  readonly digest: string;
  readonly deadLetters: number;
  readonly judgements: readonly Omit<Judgement, 'content'>[];
  /** Of the order of each symbol, and of the run as a whole. */
  readonly violations: readonly Violation[];
}

/** What a stage writes, by connector, as far as later ones take it. */
export interface Written {
  /** While it runs, logs only, which grow. */
  readonly tapes: ReadonlyMap<string, PackedTape>;
  /** The rows that requests are about; undefined while it runs. */
  readonly tables: ReadonlyMap<string, PackedTape> | undefined;
}

export interface StageAnswer {
  readonly report: StageReport;
  /** Of a stage that read the market. */
  readonly market: MarketFacts | undefined;
}

/** Runs stages one after the other, here or elsewhere. */
export interface StageRunner {
  /** @param pass gets what the stage writes: when it begins, and before that is compared with what it should be */
  run(task: StageTask, pass: (written: Written) => void): Promise<StageAnswer>;
  /** The least that breaks the first promise that a topology broke, as a test; of a topology that it has run. */
  failureTest(topology: string): Promise<FailureTest>;
  close(): Promise<void>;
}

interface StageInput extends Pick<StageRequest<Iterable<TapeEntry>>, 'tape' | 'given'> {
  readonly market?: Market;
}

/** Runs stages in this thread. Of those that break a promise it keeps what shows that. */
export class StageHost implements StageRunner {
  readonly #prepared: Prepared;
  readonly #seed: number;
  readonly #broken = new Map<string, { readonly stage: StageRequest<Iterable<TapeEntry>>; readonly kind: string }>();

  constructor(prepared: Prepared, seed: number) {
    this.#prepared = prepared;
    this.#seed = seed;
  }

  async run(task: StageTask, pass: (written: Written) => void): Promise<StageAnswer> {
    const { links, faultsOf } = this.#prepared;
    const { topology } = task;
    const index = links.findIndex((link) => link.topology === topology);
    const { plan } = links[index] as Link;
    const faults = faultsOf(this.#seed).get(topology) ?? [];
    const seed = this.#seed + seedStep * index;
    const { market, ...input } = this.#inputOf(plan, task, seed);
    const stage = { plan, faults, seed, ...input };
    const result = await runStage(stage, (tapes, twins) =>
      pass({ tapes: tapesRead(tapes, links), tables: twins && packedTables(twins, links) }),
    );
    const [violation] = violationsOf(result);
    if (violation) this.#broken.set(topology, { stage, kind: violation.kind });
    return { report: reportOf(result), market: market?.facts };
  }

  /** The market, what an earlier topology writes, or requests about its tables. */
  #inputOf(plan: Plan, { tape, tables }: StageTask, seed: number): StageInput {
    if (tables) return requestsOn(plan, tables, { seed, lengthMs: this.#prepared.lengthMs });
    if (tape) return { tape: asInput(tape, isLog(plan)) };
    const market = marketOf(this.#prepared.links, this.#seed, this.#prepared);
    return { market, tape: asTexts(market.tape()) };
  }

  async failureTest(topology: string): Promise<FailureTest> {
    const broken = this.#broken.get(topology);
    if (!broken) throw new FdpError('FDP_INTERNAL', `${topology} has broken no promise`);
    const { stage, kind } = broken;
    return await failureTest(await shrinkStage({ ...stage, tape: [...stage.tape] }, kind), this.#seed);
  }

  async close(): Promise<void> {
    this.#broken.clear();
  }
}

/** What the market of a simulation is, if nobody reads it. */
export function marketFacts(prepared: Prepared, seed: number): MarketFacts {
  const market = marketOf(prepared.links, seed, prepared);
  for (const _entry of market.tape());
  return market.facts;
}

function tapesRead(tapes: Written['tapes'], links: readonly Link[]): Written['tapes'] {
  const read = new Set(links.map(({ from }) => typeof from === 'object' && 'connector' in from && from.connector));
  return new Map([...tapes].filter(([connector]) => read.has(connector)));
}

function reportOf({
  topology,
  messages,
  faults,
  digest,
  deadLetters,
  violations,
  judgements,
  replies,
}: StageResult): StageReport {
  return {
    input: replies ? 'request' : 'message',
    ...{ topology, messages, faults: faults.length, digest, deadLetters, violations },
    judgements: judgements.map(({ branch, what, expected, violations: found }) => ({
      ...{ branch, what, expected, violations: found },
    })),
  };
}

function marketOf(
  links: readonly Link[],
  seed: number,
  { lengthMs, tradesPerSecond }: Pick<Prepared, 'lengthMs' | 'tradesPerSecond'>,
): Market {
  const link = links.find(({ from }) => from === 'market');
  const feed = link?.plan.topologies[0]?.source.connector ?? 'market';
  const { symbols } = (link?.plan.connectors.get(feed)?.options ?? {}) as { readonly symbols?: readonly string[] };
  const calendar = readCalendar('XNYS');
  return new Market({
    ...{ seed, lengthMs, tradesPerSecond, feed, startMs },
    symbols: Array.isArray(symbols) && symbols.length > 0 ? symbols : anySymbols,
    sessionAt: (time) => calendar.session(time),
  });
}

function isLog({ topologies: [topology], connectors }: Plan): boolean {
  return connectors.get(topology?.source.connector ?? '')?.declaration.twin === 'log';
}
