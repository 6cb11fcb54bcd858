import { readTable, type TableDefinition, type TableOptions } from '../../../connectors/shared/table/definition.ts';
import { FdpError } from '../../errors.ts';
import type { FieldType, Shape } from '../../kit/declaration.ts';
import { suggestion } from '../../kit/names.ts';
import type { MergeShape } from '../../kit/row.ts';
import { absorbableBatches, messagesUnderWay } from '../../kit/sink.ts';
import {
  type BranchSpec,
  type ConnectorSpec,
  chainOf,
  inputOf,
  type OperatorSpec,
  type Spec,
  type TopologySpec,
} from '../../pipeline/spec.ts';
import { usageOf } from '../shared/usage.ts';

const usage = usageOf('reconcile');

/** A table that counts, and what its rows are recomputed from. */
export interface Subject {
  readonly name: string;
  readonly table: ConnectorSpec;
  /** What it counts: the rows of a table, or the messages of a log. */
  readonly from: ConnectorSpec;
  readonly isLog: boolean;
  readonly topology: TopologySpec;
  readonly operators: readonly OperatorSpec[];
  readonly shape: MergeShape;
  /** Messages of a lane that may be under way at once. */
  readonly underWay: number;
  /** Why its rows must not be repaired; undefined when they may. */
  readonly whyNoRepair: string | undefined;
}

const defaultBatch = 500;

/**
 * The tables to reconcile: the one of that name, or all that count and can be recomputed.
 * @param leftOut called with the reason for each table that can't be, where none was named
 * @param fromLog from the messages of the log, also where the rows that were counted are stored
 * @throws FDP_USAGE for an unknown name, for a table that can't be recomputed, and where no table can be
 */
export function subjectsOf(
  spec: Spec,
  name: string | undefined,
  leftOut: (reason: string) => void,
  fromLog = false,
): readonly Subject[] {
  const filled = countingBranches(spec);
  if (name !== undefined && filled.has(name)) return [subjectOf(spec, name, { filled, fromLog })];
  if (name !== undefined) {
    const what = spec.connectors.has(name) ? `no topology fills "${name}" with counts` : `there is no table "${name}"`;
    throw usage(`${what}: ${suggestion(name, [...filled.keys()], 'tables with counts')}`);
  }
  const reasons: FdpError[] = [];
  const subjects = [...filled.keys()].flatMap((each) => {
    try {
      return [subjectOf(spec, each, { filled, fromLog })];
    } catch (error) {
      if (!(error instanceof FdpError && error.code === 'FDP_USAGE')) throw error;
      reasons.push(error);
      return [];
    }
  });
  if (subjects.length === 0)
    throw reasons[0] ?? usage('no topology fills a table with counts: there is nothing to reconcile');
  for (const { message } of reasons) leftOut(message);
  return subjects;
}

interface Filling {
  readonly topology: TopologySpec;
  readonly branch: BranchSpec;
}

/** Every branch that merges into a table, by the table's name. */
function countingBranches({ topologies }: Spec): ReadonlyMap<string, readonly Filling[]> {
  const found = new Map<string, Filling[]>();
  for (const topology of topologies.values())
    for (const branch of topology.branches) {
      const { connector } = branch.sink;
      if (inputOf(topology, branch) !== 'merges' || !connector) continue;
      found.set(connector.name, [...(found.get(connector.name) ?? []), { topology, branch }]);
    }
  return found;
}

function subjectOf(
  spec: Spec,
  name: string,
  { filled, fromLog }: { readonly filled: ReadonlyMap<string, readonly Filling[]>; readonly fromLog: boolean },
): Subject {
  const [filling, second] = filled.get(name) ?? [];
  if (!filling) throw usage(`there is no table "${name}"`);
  if (second) {
    const topologies = [filling, second].map(({ topology }) => topology.name).join(' and ');
    throw usage(`${name} is filled by several branches (${topologies}): what it should hold can't be told`);
  }
  const { topology, branch } = filling;
  const stored = fromLog
    ? undefined
    : topology.branches.find((each) => each.name === branch.after?.name)?.sink.connector;
  const { source } = topology;
  const isLog = source?.connector?.declaration?.family === 'log';
  const operators = stored ? branch.operators : chainOf(topology, branch);
  const last = operators.at(-1);
  const shape = last?.declaration?.merges?.(last.options);
  const [table, counted] = [spec.connectors.get(name), stored ?? source?.connector];
  if (!counted || !shape || !table || !(stored || isLog))
    throw usage(
      `${name} stands after no table (\`after\`), and ${topology.name} reads no log: nothing is left of what it counted`,
    );
  const dependent = operators.find(({ declaration }) => !declaration?.stateless);
  if (dependent) throw usage(`${name} can't be recomputed: ${dependent.type} depends on more than one message`);
  if (stored) checkFields(name, stored, operators);
  const batch = Number(source?.usage['batch'] ?? defaultBatch);
  return {
    ...{ name, table, from: counted, isLog: !stored, topology, operators, shape },
    underWay: messagesUnderWay(spec.settings.limits.laneBatches, absorbableBatches, batch),
    whyNoRepair: whyNoRepair({ topology, branch }, isLog, fromLog),
  };
}

function whyNoRepair({ topology, branch }: Filling, isLog: boolean, fromLog: boolean): string | undefined {
  if (!isLog) return `${topology.name} reads no log: which of its messages were counted can't be told while it runs`;
  if (fromLog && branch.after)
    return `${branch.name} counts what ${branch.after.name} has stored: it is repaired from there, without --from-log`;
  return undefined;
}

/** What the operators read must be in the stored rows. */
function checkFields(name: string, rows: ConnectorSpec, operators: readonly OperatorSpec[]): void {
  const { fields } = rows.options as TableOptions;
  let shape: Shape = fields && Object.fromEntries(Object.entries(fields).map(([field, type]) => [field, typeOf(type)]));
  const scope = { route: undefined, tableFields: () => undefined, tableIndexes: () => undefined };
  for (const { type, declaration, options } of operators)
    if (declaration?.shape)
      shape = declaration.shape(
        options,
        shape,
        (_path, text) => {
          throw usage(`${name} can't be recomputed from ${rows.name}: ${type}: ${text}`);
        },
        scope,
      );
}

function typeOf(type: string): FieldType {
  return type === 'double' ? 'number' : type === 'strings' ? 'any' : (type as FieldType);
}

/** The date field that a row gets with its key: from when on it counts. */
export function startFieldOf({ shape, table }: Pick<Subject, 'shape' | 'table'>): string | undefined {
  const { fields = {} } = definitionOf(table);
  return Object.keys(shape.fields).find((field) => shape.fields[field] === 'set_on_insert' && fields[field] === 'date');
}

export function definitionOf({ name, options }: Pick<ConnectorSpec, 'name' | 'options'>): TableDefinition {
  return readTable(name, options as TableOptions);
}
