import { createHash } from 'node:crypto';
import type { MarketFacts } from '../../simulate/market/market.ts';
import { TapeWriter } from '../../simulate/packed-tape.ts';
import type { Link } from './chain.ts';
import type { FailureTest } from './failure-test.ts';
import type { Prepared } from './prepared.ts';
import { violationsOf } from './stage.ts';
import {
  marketFacts,
  type StageAnswer,
  type StageReport,
  type StageRunner,
  type StageTask,
  type Written,
} from './stage-host.ts';

export interface SimulationResult {
  readonly seed: number;
  readonly market: MarketFacts;
  readonly stages: readonly StageReport[];
  /** Topologies that were not run, and why. */
  readonly skipped: readonly { readonly topology: string; readonly why: string }[];
  /** The least that breaks the first promise that was broken, as a test; undefined if none was. */
  readonly failureTest: FailureTest | undefined;
  /** The same for the same pipeline, seed, length, rate and faults. */
  readonly digest: string;
}

/**
 * Runs a pipeline through a day of the market: each topology on what an earlier one has written, and those that don't depend on
 * each other side by side, one with each runner. The result does not depend on how many there are.
 */
export async function simulate(
  prepared: Prepared,
  seed: number,
  runners: readonly StageRunner[],
): Promise<SimulationResult> {
  const links = prepared.links.filter(isFed);
  const answers = new Map<Link, { readonly answer: StageAnswer; readonly runner: StageRunner }>();
  const tasks = new Tasks(links);
  const work = async (runner: StageRunner) => {
    for (let link = await tasks.next(); link; link = await tasks.next()) {
      const task = { topology: link.topology, ...tasks.inputOf(link) };
      const answer = await runner.run(task, (written) => tasks.written(link, written));
      answers.set(link, { answer, runner });
      tasks.done();
    }
  };
  await Promise.all(runners.map(work));
  const all = links.map((link) => answers.get(link)).filter((each) => each !== undefined);
  const stages = all.map(({ answer }) => answer.report);
  const market = all.find(({ answer }) => answer.market)?.answer.market ?? marketFacts(prepared, seed);
  const broken = all.find(({ answer }) => violationsOf(answer.report).length > 0);
  const digest = createHash('sha256').update(JSON.stringify([market, stages.map((each) => each.digest)]));
  return {
    ...{ seed, market, stages, digest: digest.digest('hex') },
    skipped: prepared.links.flatMap(whySkipped),
    failureTest: await broken?.runner.failureTest(broken.answer.report.topology),
  };
}

function isFed({ from }: Link): boolean {
  return from === 'market' || !('nothing' in from);
}

function whySkipped({ topology, from }: Link): SimulationResult['skipped'] {
  return from !== 'market' && 'nothing' in from ? [{ topology, why: from.nothing }] : [];
}

/** Topologies to be run: each as soon as what it reads is there, first those whose messages others read, then those with most to do. */
class Tasks {
  readonly #feeders: ReadonlyMap<Link, readonly Link[]>;
  readonly #written = new Map<Link, Written>();
  #left: readonly Link[];
  #running = 0;
  #waiting: (() => void)[] = [];

  constructor(links: readonly Link[]) {
    this.#left = links;
    this.#feeders = new Map(links.map((link, at) => [link, feedersOf(link, links.slice(0, at))]));
  }

  /** The next one; undefined when nothing is left. */
  async next(): Promise<Link | undefined> {
    while (this.#left.length > 0) {
      const ready = this.#left.filter((link) => this.#feeders.get(link)?.every((each) => this.#isThere(link, each)));
      const [first] = [...ready].sort(
        (one, other) => Number(this.#isRead(other)) - Number(this.#isRead(one)) || workOf(other) - workOf(one),
      );
      if (first) {
        this.#left = this.#left.filter((link) => link !== first);
        this.#running++;
        return first;
      }
      // What feeds the others has failed elsewhere.
      if (this.#running === 0) return undefined;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    return undefined;
  }

  inputOf(link: Link): Pick<StageTask, 'tape' | 'tables'> {
    const { from } = link;
    if (from === 'market' || 'nothing' in from) return {};
    // In the order of the chain, whichever was done first.
    const feeders = this.#feeders.get(link) ?? [];
    const written = feeders.map((each) => this.#written.get(each)).filter((each) => each !== undefined);
    const last = (tapes: (each: Written) => Written['tables'], name: string) =>
      written.map((each) => tapes(each)?.get(name)).findLast((tape) => tape !== undefined) ?? new TapeWriter().end();
    if ('connector' in from) return { tape: last(({ tapes }) => tapes, from.connector) };
    return { tables: new Map(from.tables.map((table) => [table, last(({ tables }) => tables, table)])) };
  }

  written(link: Link, written: Written): void {
    this.#written.set(link, written);
    this.#wake();
  }

  done(): void {
    this.#running--;
    this.#wake();
  }

  /** Whether a feeder has written what a topology reads, or has begun to write the log that it reads. */
  #isThere({ from }: Link, feeder: Link): boolean {
    const { tapes, tables } = this.#written.get(feeder) ?? {};
    return (
      tables !== undefined || (typeof from === 'object' && 'connector' in from && tapes?.has(from.connector) === true)
    );
  }

  /** Requests about tables are few: a topology that answers them can wait. */
  #isRead(link: Link): boolean {
    return this.#left.some((each) => isOfMessages(each) && this.#feeders.get(each)?.includes(link));
  }

  #wake(): void {
    for (const go of this.#waiting.splice(0)) go();
  }
}

function isOfMessages({ from }: Link): boolean {
  return from !== 'market' && 'connector' in from;
}

/** Those before it that write what it reads, or is asked about. */
function feedersOf({ from }: Link, earlier: readonly Link[]): readonly Link[] {
  if (from === 'market' || 'nothing' in from) return [];
  const read = 'connector' in from ? [from.connector] : from.tables;
  return earlier.filter(({ plan }) => plan.topologies[0]?.branches.some(({ connector }) => read.includes(connector)));
}

/** Roughly: what writes to tables has most to do. */
function workOf({ plan: { topologies, connectors } }: Link): number {
  const branches = topologies[0]?.branches ?? [];
  return branches.filter(({ connector }) => connectors.get(connector)?.declaration.twin === 'table').length;
}
