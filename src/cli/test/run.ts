import { resolve } from 'node:path';
import type { ConnectorPlan, Plan } from '../../engine/plan.ts';
import { FdpError } from '../../errors.ts';
import type { ConnectorDeclaration } from '../../kit/declaration.ts';
import { durationMs } from '../../kit/units.ts';
import type { MockInput, PipelineTest, TestEntry } from '../../pipeline/tests/model.ts';
import { recordSource } from '../../simulate/record.ts';
import { recordedTape } from '../../simulate/recording/entries.ts';
import { type RunOutcome, type RunRequest, runOnTape } from '../../simulate/run.ts';
import type { Tape, TapeEntry } from '../../simulate/tape.ts';
import type { Failure } from './failure.ts';
import { faultsOf } from './faults.ts';

export interface TestRunRequest {
  /** Of the test's topology alone. */
  readonly plan: Plan;
  readonly seed: number;
  /** Where the test is. */
  readonly folder: string;
  /** Every connector type: the mock market is one. */
  readonly connectors: readonly ConnectorDeclaration[];
}

/** What came of a test, with the faults that could not happen. */
export interface TestOutcome extends RunOutcome {
  readonly undecided: readonly Failure[];
}

/**
 * Runs the topology of a test on its input.
 * @throws FDP_MESSAGE_REFUSED for a row of `tables` that its table does not take
 */
export async function runTest(test: PipelineTest, request: TestRunRequest): Promise<TestOutcome> {
  const { plan, seed } = request;
  const { tape, recorded } = await tapeOf(test, request);
  const { refusals, ...faults } = faultsOf(test.faults);
  const rows = new Map(Object.entries(test.tables));
  const outcome = await runOnTape({ plan, seed, tape, recorded, rows, ...faults, withinMs: test.withinMs });
  const undecided = refusals.flatMap(({ range, problem }) =>
    problem === undefined ? [] : [{ range, text: problem, diff: [] }],
  );
  return { ...outcome, undecided };
}

async function tapeOf(
  { input }: PipelineTest,
  request: TestRunRequest,
): Promise<Pick<RunRequest, 'tape' | 'recorded'>> {
  if (input.kind === 'mock') return { tape: await mockTape(input.mock, request) };
  if (input.kind === 'tape') return recordedTape(resolve(request.folder, input.folder));
  const entries = input.entries.map(tapeEntry);
  return { tape: entries.sort((one, other) => one.atMs - other.atMs) };
}

function tapeEntry({ at, key, message, text, request }: TestEntry): TapeEntry {
  const content = request !== undefined ? { request } : text !== undefined ? { text } : { value: message };
  return { atMs: durationMs(at), key: key ?? null, content };
}

/** Frames of the mock market. A log gets a message for each symbol of a frame, as the ingestor writes them. */
async function mockTape({ trades, seed, symbols, rate }: MockInput, request: TestRunRequest): Promise<Tape> {
  const declaration = request.connectors.find(({ type }) => type === 'mock');
  if (!declaration) throw new FdpError('FDP_INTERNAL', 'there is no connector of type mock');
  const options = { symbols, rate, seed: seed ?? request.seed, limit: trades };
  const frames = await recordSource({ name: 'mock', declaration, options }, request.seed);
  return isLog(request.plan) ? frames.flatMap(bySymbol) : frames;
}

function isLog({ topologies: [topology], connectors }: Plan): boolean {
  const source: ConnectorPlan | undefined = topology && connectors.get(topology.source.connector);
  return source?.declaration.twin === 'log';
}

function bySymbol(frame: TapeEntry): readonly TapeEntry[] {
  if (!('value' in frame.content)) return [frame];
  const { data } = frame.content.value as { readonly data: readonly { readonly s: string }[] };
  return [...new Set(data.map(({ s }) => s))].map((key) => ({
    ...frame,
    key,
    content: { value: { type: 'trade', data: data.filter(({ s }) => s === key) } },
  }));
}
