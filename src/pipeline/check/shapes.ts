import type { FieldType, Report, Shape, SpecScope } from '../../kit/declaration.ts';
import { indexedFields } from '../../kit/lookup.ts';
import { nearest } from '../../kit/names.ts';
import type { RouteDescription } from '../../kit/request.ts';
import type { MergeShape } from '../../kit/row.ts';
import { rangeAt } from '../read/tree.ts';
import {
  type BranchSpec,
  type ConnectorSpec,
  chainOf,
  inputOf,
  type OperatorSpec,
  type RouteSpec,
  type TopologySpec,
} from '../spec.ts';
import { guarded } from './connectors.ts';
import type { Context } from './context.ts';
import { routeParameters } from './routes.ts';
import { findConnector } from './uses.ts';

type Connectors = ReadonlyMap<string, ConnectorSpec>;

/** Follows the fields of the messages through every chain: checks names, lookups, and the fields of tables. */
export function checkFlow(topology: TopologySpec, connectors: Connectors, context: Context): void {
  const walk = walker(topology, connectors, context);
  const shared = walk(topology.operators, undefined, undefined);
  checkMerges(topology, context);
  const shapes = new Map<string, Shape>();
  for (const branch of topology.branches) {
    const before = branch.after ? shapes.get(branch.after.name) : shared;
    const shape = walk(branch.operators, before, undefined);
    shapes.set(branch.name, shape);
    checkSink(topology, branch, { shape, context });
  }
  for (const { route, operators } of topology.routes) walk(operators, pathShape(route), route);
}

/** Checks the declared parameters and reply of a route. */
export function describeRoute({ route, operators }: RouteSpec, connectors: Connectors): RouteDescription {
  let description = bareRoute(route);
  let shape: Shape = pathShape(route);
  for (const { declaration, options } of operators) {
    const scope = scopeOf(description, connectors);
    description = declaration?.describe?.(options, description, shape) ?? description;
    if (declaration?.shape) shape = declaration.shape(options, shape, () => {}, scope);
  }
  return description;
}

/** The fields of the messages after a chain of operators; undefined where they can't be known. */
export function chainShape(operators: readonly OperatorSpec[], connectors: Connectors): Shape {
  const scope = scopeOf(undefined, connectors);
  let shape: Shape;
  for (const { declaration, options, valid } of operators)
    if (declaration?.shape) shape = valid ? declaration.shape(options, shape, () => {}, scope) : undefined;
  return shape;
}

function bareRoute(route: string): RouteDescription {
  const parameters = routeParameters(route).map((name) => ({ name, in: 'path' as const, schema: { type: 'string' } }));
  return { route, parameters, reply: {} };
}

function pathShape(route: string): Shape {
  return Object.fromEntries(routeParameters(route).map((name) => [name, 'string' as const]));
}

function scopeOf(described: RouteDescription | undefined, connectors: Connectors): SpecScope {
  return {
    route: described?.route,
    parameters: described?.parameters,
    tableFields: (name) => fieldsOf(connectors.get(name)),
    tableIndexes: (name) => indexesOf(connectors.get(name)),
  };
}

/** A function that gives the shape after a chain of operators. */
function walker(topology: TopologySpec, connectors: Connectors, context: Context) {
  return (operators: readonly OperatorSpec[], input: Shape, route: string | undefined): Shape => {
    let description = route === undefined ? undefined : bareRoute(route);
    let shape = input;
    for (const operator of operators) {
      const scope = { ...scopeOf(description, connectors), source: topology.source?.usage };
      const { declaration, options, valid } = operator;
      if (description && valid) description = declaration?.describe?.(options, description, shape) ?? description;
      for (const lookup of operator.lookups)
        findConnector(lookup, 'lookup', { subject: topology.name, connectors, context });
      shape = isEarlyMerge(operator, operators) ? undefined : shapeAfter(operator, shape, { scope, context });
    }
    return shape;
  };
}

/** Nothing after a misplaced `merges` operator can be checked. */
function isEarlyMerge(operator: OperatorSpec, operators: readonly OperatorSpec[]): boolean {
  return operator.declaration?.output === 'merges' && operator !== operators.at(-1);
}

/** The output of an unknown or wrong operator is unknown. */
function shapeAfter(
  { declaration, options, valid, tree, range, type }: OperatorSpec,
  input: Shape,
  { scope, context }: { readonly scope: SpecScope; readonly context: Context },
): Shape {
  if (!declaration || !valid) return undefined;
  if (!declaration.shape) return input;
  const report: Report = (path, text, hint) =>
    context.problems.add(rangeAt(tree, path, range), text, { subject: type, hint });
  const warn: Report = (path, text, hint) =>
    context.problems.warn(rangeAt(tree, path, range), text, { subject: type, hint });
  return guarded(report, () => declaration.shape?.(options, input, report, { ...scope, warn }));
}

/** Merge operations must end in a sink that takes them. */
function checkMerges(topology: TopologySpec, { problems }: Context): void {
  const chains = [
    ...topology.branches.map((branch) => chainOf(topology, branch)),
    ...topology.routes.map(({ operators }) => [...operators, undefined]),
  ];
  for (const chain of chains)
    for (const operator of chain.slice(0, -1))
      if (operator?.declaration?.output === 'merges')
        problems.add(operator.range, 'must be the last operator before a sink', { subject: operator.type });
  for (const branch of topology.branches) {
    const { connector } = branch.sink;
    if (inputOf(topology, branch) !== 'merges' || !connector?.declaration) continue;
    const { name, declaration, options, valid } = connector;
    const report = (text: string, hint?: string) =>
      problems.add(branch.sink.range, text, { subject: topology.name, ...(hint && { hint }) });
    if (!declaration.sink?.merges)
      report(`"${name}" (${declaration.type}) cannot update rows`, 'updates of rows need a table');
    else if (valid) {
      const why = declaration.sink.merges(options, mergeShapeOf(topology, branch));
      if (why) report(`"${name}" cannot hold counters: ${why}`);
    }
  }
}

/** What the merge operations of a branch do; undefined if their operator doesn't declare it, or is wrong. */
function mergeShapeOf(topology: TopologySpec, branch: BranchSpec): MergeShape | undefined {
  const last = chainOf(topology, branch).at(-1);
  return last?.valid ? last.declaration?.merges?.(last.options) : undefined;
}

/** A table gets every field that it declares. */
function checkSink(
  topology: TopologySpec,
  branch: BranchSpec,
  { shape, context }: { readonly shape: Shape; readonly context: Context },
): void {
  const { connector, range } = branch.sink;
  const fields = fieldsOf(connector);
  if (!shape || !fields || inputOf(topology, branch) !== 'rows') return;
  for (const name of Object.keys(fields)) {
    if (Object.hasOwn(shape, name)) continue;
    context.problems.add(range, `the messages have no field "${name}", which "${connector?.name}" stores`, {
      subject: topology.name,
      hint: () => {
        const near = nearest(name, Object.keys(shape));
        const fields = `the messages have: ${Object.keys(shape).slice(0, 30).join(', ') || 'no field'}`;
        return near ? `${fields}; did you mean "${near}"?` : fields;
      },
    });
  }
}

const fieldTypes: Readonly<Record<string, FieldType>> = {
  string: 'string',
  decimal: 'decimal',
  date: 'date',
  int64: 'int64',
  strings: 'any',
  double: 'number',
  boolean: 'boolean',
};

/** The declared fields of a table; undefined for anything else. */
function fieldsOf(connector: ConnectorSpec | undefined): Shape {
  if (connector?.declaration?.family !== 'table' || !connector.valid) return undefined;
  const { fields } = connector.options as { readonly fields?: Readonly<Record<string, string>> };
  if (fields === undefined) return undefined;
  return Object.fromEntries(Object.entries(fields).map(([name, type]) => [name, fieldTypes[type] ?? 'any']));
}

function indexesOf(connector: ConnectorSpec | undefined): readonly (readonly string[])[] | undefined {
  if (!fieldsOf(connector)) return undefined;
  const options = connector?.options as { readonly unique?: string; readonly indexes?: readonly (readonly string[])[] };
  const { unique, indexes = [] } = options;
  const fields = indexedFields(indexes);
  return unique === undefined ? fields : [[unique], ...fields];
}
