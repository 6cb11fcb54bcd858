import type { ConnectorPlan, Plan, TopologyPlan } from '../../engine/plan.ts';
import { FdpError } from '../../errors.ts';
import { parseJson } from '../../kit/json.ts';
import type { Message } from '../../kit/message.ts';
import { type RunOutcome, type RunRequest, runOnTape } from '../../simulate/run.ts';
import type { Keyed } from './compare.ts';

/** What reached each sink of a topology, by its name; rejected messages as `dead_letters`. */
export type Outputs = ReadonlyMap<string, readonly Keyed[]>;

/**
 * Runs the one topology of a plan on a tape, in memory and on the virtual clock.
 * @throws FDP_SPEC_INVALID if a connector has no twin; FDP_USAGE if the topology does not come to its end
 */
export async function outputsOf(
  plan: Plan,
  { tape, recorded }: Pick<RunRequest, 'tape' | 'recorded'>,
): Promise<Outputs> {
  const [topology] = plan.topologies;
  if (!topology) throw new FdpError('FDP_INTERNAL', 'the plan has no topology');
  const outcome = await runOnTape({
    ...{ plan, tape, recorded, seed: 1, rows: new Map(), sinkFaults: [], timedFaults: [] },
  });
  const { doneMs, trouble } = outcome;
  if (doneMs === undefined || trouble !== undefined)
    throw new FdpError('FDP_USAGE', `diff: ${topology.name} does not come to an end: ${trouble}`);
  const outputs = topology.branches.map(
    ({ name, connector }) => [name, outputOf(name, plan.connectors.get(connector), outcome)] as const,
  );
  return new Map([...outputs, ['dead_letters', lettersOf(topology, outcome)]]);
}

/** Of a table its rows, by their unique field; of all else what was written, in order, by the key of the message. */
function outputOf(branch: string, connector: ConnectorPlan | undefined, outcome: RunOutcome): readonly Keyed[] {
  if (connector?.declaration.twin === 'table') {
    const { unique } = connector.options as { readonly unique?: string };
    const rows = outcome.contents.get(connector.name) ?? [];
    return rows.map((value) => ({ key: keyOf(value, unique), value }));
  }
  const own = outcome.stored.filter((stored) => stored.branch === branch);
  return own.map(({ message }) => ({ key: message.key ?? 'no key', value: jsonOf(message) }));
}

function keyOf(row: unknown, unique: string | undefined): string {
  return unique === undefined ? 'row' : String((row as Readonly<Record<string, unknown>>)[unique]);
}

/** As whoever reads it as JSON has it. */
function jsonOf({ value }: Message): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString();
  return value === undefined ? null : parseJson(JSON.stringify(value));
}

/** Dead letters by the message that was rejected; when that was depends on what else ran. */
function lettersOf({ deadLetter }: TopologyPlan, { contents, rejected }: RunOutcome): readonly Keyed[] {
  const letters = deadLetter && contents.get(deadLetter.connector);
  if (!letters) return Array.from({ length: rejected }, (_, at) => ({ key: `number ${at + 1}`, value: {} }));
  return letters.map((letter) => {
    const { rejected_at: _when, ...value } = letter as { readonly rejected_at: number; readonly origin: object };
    const { partition, offset, index } = value.origin as Readonly<Record<string, number | undefined>>;
    return { key: [partition, offset, index].filter((part) => part !== undefined).join('-'), value };
  });
}
