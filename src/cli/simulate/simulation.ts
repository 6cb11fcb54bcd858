import { createHash } from 'node:crypto';
import { readCalendar } from '../../../operators/support/calendar-file.ts';
import type { Plan } from '../../engine/plan.ts';
import type { TestFault } from '../../pipeline/tests/model.ts';
import { Market, type MarketFacts } from '../../simulate/market/market.ts';
import type { Tape } from '../../simulate/tape.ts';
import { asInput, chainOf, type Link } from './chain.ts';
import { runStage, violationsOf } from './stage.ts';
import type { StageRequest, StageResult } from './stage-run.ts';

/** When the virtual clock begins: the XNYS opens. */
const startMs = Date.UTC(2025, 10, 20, 14, 30);
const anySymbols = ['AAPL', 'MSFT', 'NVDA', 'AMD'];
/** The next topology's own chance. */
const seedStep = 101;

export interface SimulationRequest {
  /** Of one topology each. */
  readonly plans: readonly Plan[];
  readonly seed: number;
  readonly lengthMs: number;
  readonly tradesPerSecond: number;
  /** What goes wrong, by topology. */
  readonly faults: ReadonlyMap<string, readonly TestFault[]>;
}

export interface SimulationResult {
  readonly seed: number;
  readonly market: MarketFacts;
  readonly stages: readonly StageResult[];
  /** Topologies that were not run, and why. */
  readonly skipped: readonly { readonly topology: string; readonly why: string }[];
  /** The first stage that broke a promise, as it was run, and the kind of its first violation; undefined if none did. */
  readonly broken: { readonly stage: StageRequest; readonly kind: string } | undefined;
  /** The same for the same pipeline, seed, length, rate and faults. */
  readonly digest: string;
}

/** Runs a pipeline through a day of the market: each topology on what the one before it has written. */
export async function simulate(request: SimulationRequest): Promise<SimulationResult> {
  const links = chainOf(request.plans);
  const market = marketOf(links, request);
  const feed = [...market.tape()];
  const written = new Map<string, Tape>();
  const stages: StageResult[] = [];
  const skipped: { topology: string; why: string }[] = [];
  let broken: SimulationResult['broken'];
  for (const [index, link] of links.entries()) {
    const { plan, topology, from } = link;
    if (from === 'requests') {
      skipped.push({ topology, why: 'it answers requests, and none are made' });
      continue;
    }
    if (from !== 'market' && 'nothing' in from) {
      skipped.push({ topology, why: from.nothing });
      continue;
    }
    const tape = from === 'market' ? feed : asInput(written.get(from.connector) ?? [], isLog(plan));
    const stage = { plan, tape, faults: request.faults.get(topology) ?? [], seed: request.seed + seedStep * index };
    const result = await runStage(stage);
    for (const [connector, more] of result.written) written.set(connector, more);
    stages.push(withoutContents(result));
    const [violation] = violationsOf(result);
    if (violation) broken ??= { stage, kind: violation.kind };
  }
  const digest = createHash('sha256').update(JSON.stringify([market.facts, stages.map((each) => each.digest)]));
  return { seed: request.seed, market: market.facts, stages, skipped, broken, digest: digest.digest('hex') };
}

/** What the report needs of a stage: a day has millions of rows. */
function withoutContents(result: StageResult): StageResult {
  const judgements = result.judgements.map(({ branch, what, expected, violations }) => ({
    ...{ branch, what, expected, violations },
  }));
  return { ...result, judgements, written: new Map() };
}

function marketOf(links: readonly Link[], { seed, lengthMs, tradesPerSecond }: SimulationRequest): Market {
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
