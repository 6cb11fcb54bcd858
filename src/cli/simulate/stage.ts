import type { Plan, TopologyPlan } from '../../engine/plan.ts';
import { FdpError } from '../../errors.ts';
import { toJson, tryParseJson } from '../../kit/json.ts';
import { type PackedTape, TapeWriter, unpacked } from '../../simulate/packed-tape.ts';
import type { RequestTimes } from '../../simulate/request-input.ts';
import { type RunRequest, runOnTape } from '../../simulate/run.ts';
import type { TapeEntry } from '../../simulate/tape.ts';
import type { Twin } from '../../simulate/twins.ts';
import { faultsOf } from '../test/faults.ts';
import { DelayWatch } from './oracle/delay.ts';
import type { Outages } from './oracle/feed.ts';
import { judge } from './oracle/judge.ts';
import type { Judgement, Violation } from './oracle/judgement.ts';
import type { Letter } from './oracle/letters.ts';
import { OrderWatch } from './oracle/order.ts';
import { judgeReplies } from './oracle/replies.ts';
import type { SourceRecord } from './oracle/trades.ts';
import type { StageRequest, StageResult, StageRun } from './stage-run.ts';

/**
 * Runs a topology on its tape, and compares what came of it with what should have.
 * @param pass gets the logs that it writes, which grow, when it begins, and what came of it before the comparison begins
 */
export async function runStage(
  request: StageRequest<Iterable<TapeEntry>>,
  pass: Pass = () => {},
): Promise<StageResult> {
  const { plan, seed } = request;
  const [topology] = plan.topologies;
  if (!topology) throw new FdpError('FDP_INTERNAL', 'the plan has no topology');
  const { timedFaults, sinkFaults, lookupFaults } = faultsOf(request.faults);
  const order = new OrderWatch();
  const delay = new DelayWatch(request.faults);
  const logs = logsWritten(topology, plan);
  const found: Found = { twins: new Map(), letters: [], times: [] };
  const branches = new Map(topology.branches.map(({ name, connector }) => [name, logs.get(connector)]));
  pass(new Map([...logs].map(([connector, { tape }]) => [connector, tape])));
  const running = runOnTape({
    ...{ plan, seed, tape: request.tape, sinkFaults, lookupFaults, timedFaults, rows: rowsGiven(request) },
    onStored: (stored, { atMs, nowMs }) => {
      order.take(stored);
      delay.take(stored, { atMs, nowMs });
      const { key, value } = stored.message;
      branches.get(stored.branch)?.push(Math.ceil(atMs), key, toJson(value, stored.branch));
    },
    inspect: (world) => {
      found.source = world.source;
      found.twins = world.twins;
      found.times = world.requests.times;
      const letters = topology.deadLetter && world.twins.get(topology.deadLetter.connector);
      found.letters = letters ? lettersIn(letters, topology.name) : [];
    },
  });
  const outcome = await running.finally(() => {
    for (const log of logs.values()) log.end();
  });
  const written = new Map([...logs, ...feedsIn(found.twins)].map(([connector, writer]) => [connector, writer.end()]));
  pass(written, found.twins);
  const run: StageRun = {
    ...{ ...request, topology, outcome, twins: found.twins, letters: found.letters, times: found.times },
    source: found.source as Twin,
    outages: outagesOf(timedFaults),
    records: () => recordsOf(found.source),
    kept: ({ connector }) => {
      const tape = written.get(connector);
      return tape ? unpacked(tape) : [];
    },
  };
  const asked = run.source.kind === 'requests' ? judgeReplies(run) : undefined;
  return {
    ...{ topology: topology.name, messages: outcome.messages, faults: request.faults, log: outcome.log },
    ...{ digest: outcome.digest, doneMs: outcome.doneMs, deadLetters: found.letters.length },
    ...{ replies: asked?.replies, judgements: asked?.judgements ?? judge(run) },
    violations: [
      ...troubleOf(run),
      ...delay.violations,
      ...order.violations.map((text) => ({ kind: `${text.split(':')[0]}: order`, text })),
    ],
  };
}

/** Takes what a topology puts into logs and feeds, by connector, and, when it has run, its twins. */
type Pass = (written: ReadonlyMap<string, PackedTape>, twins?: ReadonlyMap<string, Twin>) => void;

/** What is looked at when a run has ended. */
interface Found {
  source?: Twin;
  twins: ReadonlyMap<string, Twin>;
  letters: readonly Letter[];
  times: readonly RequestTimes[];
}

/** The tables that requests are about, without the ids that they get. */
function rowsGiven({ given }: Pick<StageRequest, 'given'>): RunRequest['rows'] {
  const tables = [...(given?.tables ?? [])];
  return new Map(tables.map(([name, { rows }]) => [name, rows.map(({ _id, ...row }) => row)]));
}

/** All violations of a stage. */
export function violationsOf({
  judgements,
  violations,
}: Pick<StageResult, 'violations'> & {
  readonly judgements: readonly Pick<Judgement, 'violations'>[];
}): readonly Violation[] {
  return [...violations, ...judgements.flatMap((each) => each.violations)];
}

function troubleOf({ outcome, topology }: StageRun): readonly Violation[] {
  const { doneMs, trouble } = outcome;
  if (doneMs === undefined)
    return [{ kind: `${topology.name}: not done`, text: `${topology.name}: not done in time: ${trouble}` }];
  return trouble === undefined ? [] : [{ kind: `${topology.name}: trouble`, text: `${topology.name}: ${trouble}` }];
}

/** A tape for each log that the branches write to. */
function logsWritten({ branches }: TopologyPlan, { connectors }: Plan): ReadonlyMap<string, TapeWriter> {
  const logs = branches.filter(({ connector }) => connectors.get(connector)?.declaration.twin === 'log');
  return new Map(logs.map(({ connector }) => [connector, new TapeWriter()]));
}

/** What was written to all else but tables is kept as a tape. */
function feedsIn(twins: ReadonlyMap<string, Twin>): readonly (readonly [string, TapeWriter])[] {
  return [...twins].flatMap(([name, twin]) => ('kept' in twin ? [[name, twin.kept] as const] : []));
}

function outagesOf(timed: ReturnType<typeof faultsOf>['timedFaults']): Outages {
  return {
    cuts: timed.flatMap((each) => (each.kind === 'cut' ? [{ fromMs: each.atMs, toMs: each.atMs + each.forMs }] : [])),
    crashes: timed.flatMap((each) => (each.kind === 'crash' || each.kind === 'restore' ? [each.atMs] : [])),
  };
}

/** Read one after the other: of a day, all of them parsed would take gigabytes. */
function* recordsOf(source: Twin | undefined): Generator<SourceRecord> {
  if (source?.kind !== 'log') return;
  const { topic, space } = source;
  for (const [partition, { records }] of (space.topics.get(topic)?.partitions ?? []).entries())
    for (const { offset, timestamp, key, value } of records)
      yield { partition, offset, timestamp, key, topic, value: tryParseJson(value) };
}

/** The dead letters of one topology. */
function lettersIn(twin: Twin, topology: string): readonly Letter[] {
  if (twin.kind !== 'log') return [];
  const partitions = twin.space.topics.get(twin.topic)?.partitions ?? [];
  const all = partitions.flatMap(({ records }) =>
    records.map(({ value }) => tryParseJson(value) as Letter & { topology: string }),
  );
  return all.filter((letter) => letter.topology === topology);
}
