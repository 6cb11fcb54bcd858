import { resolve } from 'node:path';
import { compileExpression } from '../../operators/support/expression.ts';
import type { ConnectorPlan, Plan } from '../engine/plan.ts';
import { FdpError } from '../errors.ts';
import type { ConnectorDeclaration } from '../kit/declaration.ts';
import type { Message } from '../kit/message.ts';
import { durationMs } from '../kit/units.ts';
import type { MockInput, PipelineTest, TestEntry, TestFault } from '../pipeline/tests/model.ts';
import type { SinkFault, TimedFault } from '../simulate/faults.ts';
import { recordSource } from '../simulate/record.ts';
import { recordedTape } from '../simulate/recording/entries.ts';
import { type RunOutcome, type RunRequest, runOnTape } from '../simulate/run.ts';
import type { Tape, TapeEntry } from '../simulate/tape.ts';

/** Virtual time that a run gets after its last input or fault, unless the test says how long all of it may take, ms. */
const afterLastMs = 600_000;

export interface TestRunRequest {
  /** Of the test's topology alone. */
  readonly plan: Plan;
  readonly seed: number;
  /** Where the test is. */
  readonly folder: string;
  /** Every connector type: the mock market is one. */
  readonly connectors: readonly ConnectorDeclaration[];
}

/**
 * Runs the topology of a test on its input.
 * @throws FDP_MESSAGE_REFUSED for a row of `tables` that its table does not take
 */
export async function runTest(test: PipelineTest, request: TestRunRequest): Promise<RunOutcome> {
  const { plan, seed } = request;
  const { tape, recorded } = await tapeOf(test, request);
  const timedFaults = test.faults.flatMap((fault) => timedFault(fault) ?? []);
  const ends = [...tape, ...timedFaults].map((each) => each.atMs + ('forMs' in each ? each.forMs : 0));
  return runOnTape({
    ...{ plan, seed, tape, recorded, timedFaults },
    rows: new Map(Object.entries(test.tables)),
    sinkFaults: test.faults.flatMap((fault) => sinkFault(fault) ?? []),
    withinMs: test.withinMs ?? Math.max(0, ...ends) + afterLastMs,
  });
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

function sinkFault(fault: TestFault): SinkFault | undefined {
  if (fault.kind !== 'sink') return undefined;
  const { branch, fail, slow, refuse, lose_ack } = fault;
  return {
    branch,
    ...(fail && { failEvery: fail.every }),
    ...(slow !== undefined && { slowMs: durationMs(slow) }),
    ...(refuse !== undefined && { refuses: refuser(refuse) }),
    ...(lose_ack !== undefined && { loseAck: lose_ack }),
  };
}

/** A message without the fields of the condition is not refused. */
function refuser(condition: string): (message: Message) => boolean {
  const expression = compileExpression(condition);
  return ({ value }) => {
    if (typeof value !== 'object' || value === null) return false;
    try {
      return expression.evaluate(value as Readonly<Record<string, unknown>>) === true;
    } catch {
      return false;
    }
  };
}

function timedFault(fault: TestFault): TimedFault | undefined {
  switch (fault.kind) {
    case 'source':
      return { kind: 'cut', atMs: durationMs(fault.source.at), forMs: durationMs(fault.source.cut) };
    case 'crash':
      return { kind: 'crash', atMs: durationMs(fault.crash.at) };
    case 'clock': {
      const { at, jump } = fault.clock;
      const byMs = durationMs(jump.replace('-', '')) * (jump.startsWith('-') ? -1 : 1);
      return { kind: 'jump', atMs: durationMs(at), byMs };
    }
    default:
      return undefined;
  }
}
