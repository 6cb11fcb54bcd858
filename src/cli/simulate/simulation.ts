import { createHash } from 'node:crypto';
import type { MarketFacts } from '../../simulate/market/market.ts';
import type { PackedTape } from '../../simulate/packed-tape.ts';
import type { Link } from './chain.ts';
import type { FailureTest } from './failure-test.ts';
import type { Prepared } from './prepared.ts';
import { violationsOf } from './stage.ts';
import { marketFacts, type StageAnswer, type StageReport, type StageRunner, type Written } from './stage-host.ts';

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
      const task = { topology: link.topology, tape: tasks.tapeOf(link) };
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
  return whyNotFed(from) === undefined;
}

function whyNotFed(from: Link['from']): string | undefined {
  if (from === 'requests') return 'it answers requests, and none are made';
  return from !== 'market' && 'nothing' in from ? from.nothing : undefined;
}

function whySkipped({ topology, from }: Link): SimulationResult['skipped'] {
  const why = whyNotFed(from);
  return why === undefined ? [] : [{ topology, why }];
}

/** Topologies to be run: each as soon as what it reads is written, first those that others wait for, then those with most to do. */
class Tasks {
  readonly #feeders: ReadonlyMap<Link, Link | undefined>;
  readonly #written = new Map<Link, Written>();
  #left: readonly Link[];
  #running = 0;
  #waiting: (() => void)[] = [];

  constructor(links: readonly Link[]) {
    this.#left = links;
    this.#feeders = new Map(links.map((link, at) => [link, feederOf(link, links.slice(0, at))]));
  }

  /** The next one; undefined when nothing is left. */
  async next(): Promise<Link | undefined> {
    while (this.#left.length > 0) {
      const ready = this.#left.filter((link) => {
        const feeder = this.#feeders.get(link);
        return !feeder || this.#written.has(feeder);
      });
      const isWaitedFor = (link: Link) => Number([...this.#feeders.values()].includes(link));
      const [first] = [...ready].sort(
        (one, other) => isWaitedFor(other) - isWaitedFor(one) || workOf(other) - workOf(one),
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

  tapeOf(link: Link): PackedTape | undefined {
    const feeder = this.#feeders.get(link);
    if (!feeder || typeof link.from === 'string' || !('connector' in link.from)) return undefined;
    return this.#written.get(feeder)?.get(link.from.connector) ?? [];
  }

  written(link: Link, written: Written): void {
    this.#written.set(link, written);
    this.#wake();
  }

  done(): void {
    this.#running--;
    this.#wake();
  }

  #wake(): void {
    for (const go of this.#waiting.splice(0)) go();
  }
}

/** The last one before it that writes what it reads. */
function feederOf({ from }: Link, earlier: readonly Link[]): Link | undefined {
  if (typeof from === 'string' || !('connector' in from)) return undefined;
  return earlier.findLast(({ plan }) =>
    plan.topologies[0]?.branches.some(({ connector }) => connector === from.connector),
  );
}

/** Roughly: what writes to tables has most to do. */
function workOf({ plan: { topologies, connectors } }: Link): number {
  const branches = topologies[0]?.branches ?? [];
  return branches.filter(({ connector }) => connectors.get(connector)?.declaration.twin === 'table').length;
}
