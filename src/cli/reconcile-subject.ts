import { from, type Observable } from 'rxjs';
import {
  contributionsOf,
  type Evidence,
  type Operate,
  TableEvidence,
} from '../../connectors/shared/reconcile/evidence.ts';
import type { Reconcilable } from '../../connectors/shared/reconcile/subject.ts';
import { readTable, type TableDefinition, type TableOptions } from '../../connectors/shared/table/definition.ts';
import { loneRole } from '../engine/lone-role.ts';
import type { ConnectorPlan } from '../engine/plan.ts';
import { FdpError } from '../errors.ts';
import type { TableAudit } from '../kit/audit.ts';
import type { Connector } from '../kit/connector.ts';
import type { FieldType, Shape } from '../kit/declaration.ts';
import type { Environment } from '../kit/environment.ts';
import type { Batch, Message } from '../kit/message.ts';
import { suggestion } from '../kit/names.ts';
import { outcomesAt } from '../kit/outcomes.ts';
import type { MergeShape } from '../kit/row.ts';
import {
  type BranchSpec,
  type ConnectorSpec,
  inputOf,
  type OperatorSpec,
  type Spec,
  type TopologySpec,
} from '../pipeline/spec.ts';
import { withConnector } from './letters.ts';

/** A table that counts, and what its rows are recomputed from. */
export interface Subject {
  readonly name: string;
  readonly table: ConnectorSpec;
  /** The table whose rows it counts. */
  readonly rows: ConnectorSpec;
  readonly topology: TopologySpec;
  readonly operators: readonly OperatorSpec[];
  readonly shape: MergeShape;
  /** Messages of a lane that may be under way at once. */
  readonly underWay: number;
  /** Why its rows must not be repaired; undefined when they may. */
  readonly whyNoRepair: string | undefined;
}

/** Operators that make the same of a message whatever came before it, and ask nobody. */
const pure = new Set(['filter', 'map', 'require', 'eligibility', 'metadata_upsert', 'aggregate', 'candles']);
const defaultBatch = 500;

/**
 * The tables to reconcile: the one of that name, or all that count.
 * @throws FDP_USAGE for a name that is none, and for a table that can't be recomputed
 */
export function subjectsOf(spec: Spec, name: string | undefined): readonly Subject[] {
  const filled = countingBranches(spec);
  if (name === undefined) {
    if (filled.size === 0) throw usage('no topology fills a table with counts: there is nothing to reconcile');
    return [...filled.keys()].map((each) => subjectOf(spec, each, filled));
  }
  if (!filled.has(name)) {
    const what = spec.connectors.has(name) ? `no topology fills "${name}" with counts` : `there is no table "${name}"`;
    throw usage(`${what}: ${suggestion(name, [...filled.keys()], 'tables with counts')}`);
  }
  return [subjectOf(spec, name, filled)];
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

function subjectOf(spec: Spec, name: string, filled: ReadonlyMap<string, readonly Filling[]>): Subject {
  const [filling, second] = filled.get(name) ?? [];
  if (!filling) throw usage(`there is no table "${name}"`);
  if (second) {
    const topologies = [filling, second].map(({ topology }) => topology.name).join(' and ');
    throw usage(`${name} is filled by several branches (${topologies}): what it should hold can't be told`);
  }
  const { topology, branch } = filling;
  const { operators, after } = branch;
  const rows = topology.branches.find((each) => each.name === after?.name)?.sink.connector;
  const last = operators.at(-1);
  const shape = last?.declaration?.merges?.(last.options);
  const table = spec.connectors.get(name);
  if (!rows || !shape || !table)
    throw usage(`${name} stands after no table (\`after\`): there are no stored rows to recompute it from`);
  const impure = operators.find(({ type }) => !pure.has(type));
  if (impure) throw usage(`${name} can't be recomputed: ${impure.type} depends on more than one message`);
  checkFields(name, rows, operators);
  const { source } = topology;
  const batch = Number(source?.usage['batch'] ?? defaultBatch);
  return {
    ...{ name, table, rows, topology, operators, shape },
    underWay: (spec.settings.limits.laneBatches + 1) * batch,
    whyNoRepair:
      source?.connector?.declaration?.family === 'log'
        ? undefined
        : `${topology.name} reads no log: which of its messages were counted can't be told while it runs`,
  };
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

/** Calls `work` with what is to be compared, its stores connected. */
export async function withSubject<T>(
  subject: Subject,
  { environment, signal, wants }: SubjectOptions,
  work: (reconcilable: Reconcilable) => Promise<T>,
): Promise<T> {
  const { table, rows, operators, shape, underWay } = subject;
  const [tablePlan, rowsPlan] = [planOf(table), planOf(rows)];
  const definition = definitionOf(tablePlan);
  return withAudit(tablePlan, environment, signal, (counters) =>
    withAudit(rowsPlan, environment, signal, (audit) => {
      const operate = operateWith(subject, operators, environment);
      const evidence: Evidence = new TableEvidence(audit, definitionOf(rowsPlan), contributionsOf(definition, operate));
      return work({ definition, shape, counters, evidence, underWay, wants });
    }),
  );
}

export interface SubjectOptions extends Pick<Reconcilable, 'wants'> {
  readonly environment: Environment;
  readonly signal: AbortSignal;
}

export function definitionOf({ name, options }: Pick<ConnectorSpec, 'name' | 'options'>): TableDefinition {
  return readTable(name, options as TableOptions);
}

function planOf({ name, declaration, options }: ConnectorSpec): ConnectorPlan {
  if (!declaration) throw new FdpError('FDP_INTERNAL', `${name}: its type is unknown`);
  return { name, declaration, options };
}

function withAudit<T>(
  plan: ConnectorPlan,
  environment: Environment,
  signal: AbortSignal,
  work: (audit: TableAudit) => Promise<T>,
): Promise<T> {
  return withConnector(plan, environment, async (connector: Connector) => {
    const audit = connector.audit?.(loneRole(plan, 'sink', environment));
    if (!audit) throw new FdpError('FDP_NOT_SUPPORTED', `${plan.name}: ${plan.declaration.type} can't be reconciled`);
    try {
      await audit.connect(signal);
      return await work(audit);
    } finally {
      await audit.close();
    }
  });
}

/** Runs messages through the operators of a branch. They answer at once. */
function operateWith({ name }: Subject, specs: readonly OperatorSpec[], environment: Environment): Operate {
  const lane = { id: name, signal: new AbortController().signal };
  const operators = specs.map(({ type, declaration, options }) => {
    if (!declaration) throw new FdpError('FDP_INTERNAL', `${type}: is unknown`);
    const { node } = loneRole({ name: type, declaration: declaration as never, options }, 'operator', environment);
    const outcomes = outcomesAt(node, () => {});
    const lookup = () => {
      throw new FdpError('FDP_INTERNAL', `${type}: nothing is looked up`);
    };
    return declaration.create(options, { ...environment, node, outcomes, lookup });
  });
  return (messages) => {
    const out: Message[] = [];
    const batches: Observable<Batch> = from([{ lane, messages, warmUp: false }]);
    operators
      .reduce((stream, operator) => stream.pipe(operator), batches)
      .subscribe((batch) => {
        for (const message of batch.messages) out.push(message);
      });
    return out;
  };
}

export function usage(text: string): FdpError {
  return new FdpError('FDP_USAGE', `reconcile: ${text}`);
}
