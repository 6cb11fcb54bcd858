import { suggestion } from '../../kit/names.ts';
import { asMap, asText, type Entry, isUnusable, type MapTree } from '../read/tree.ts';
import type { BranchSpec, NameSpec } from '../spec.ts';
import { readOperators } from './operators.ts';
import { checkTree } from './schema.ts';
import { branchSchema, topologySchema } from './structure.ts';
import { readName, readUse, type User } from './uses.ts';

const branchKeys = Object.keys(branchSchema.properties);

const maxSinks = topologySchema.properties.sinks.maxItems;

/** What a branch is checked for here: its operators are read one by one, its other keys are the sink's options. */
const shallowSchema = { ...branchSchema, properties: { ...branchSchema.properties, operators: {} } };

/** Reads `sink`, or every entry of `sinks`. */
export function readBranches(map: MapTree, user: User): readonly BranchSpec[] {
  const single = map.entries.get('sink');
  if (single) return isUnusable(single.value) ? [] : [readSingle(single, user)];
  const list = map.entries.get('sinks');
  if (list?.value.kind !== 'list') return [];
  const branches = list.value.items
    .slice(0, maxSinks)
    .flatMap((value) => readBranch({ key: value.at, value }, user) ?? []);
  const indexes = indexesOf(branches, user);
  checkGuarantee(branches, list, user);
  for (const [at, branch] of branches.entries()) checkAfter(branch, { at, indexes, branches }, user);
  return branches;
}

function readSingle(entry: Entry, user: User): BranchSpec {
  const sink = readUse(entry, 'sink', user);
  const name = sink.connector?.name ?? '';
  return { name, sink, operators: [], after: undefined, bestEffort: false, range: sink.range };
}

function readBranch(entry: Entry, user: User): BranchSpec | undefined {
  const { problems, folder } = user.context;
  const map = asMap(entry.value);
  if (!map) {
    if (asText(entry.value) !== undefined) return readSingle(entry, user);
    if (!isUnusable(entry.value))
      problems.add(entry.key, 'expected a sink: a map with a connector', { subject: user.subject });
    return undefined;
  }
  const { value } = checkTree(map, {
    schema: shallowSchema,
    subject: user.subject,
    owner: entry.key,
    problems,
    folder,
  });
  const given = value as { readonly best_effort?: unknown };
  const sink = readUse(entry, 'sink', { ...user, structural: branchKeys });
  const operators = map.entries.get('operators');
  const chain = { subject: user.subject, owner: operators?.key ?? entry.key, inRoute: false };
  return {
    name:
      readName(map.entries.get('name'))?.name ??
      sink.connector?.name ??
      asText(map.entries.get('connector')?.value) ??
      '',
    sink,
    operators: readOperators(operators?.value, chain, user.context),
    after: readName(map.entries.get('after')),
    bestEffort: given.best_effort === true,
    range: sink.range,
  };
}

/** The index of each branch, by its name; two of one name are a mistake. */
function indexesOf(branches: readonly BranchSpec[], { subject, context }: User): ReadonlyMap<string, number> {
  const indexes = new Map<string, number>();
  for (const [at, { name, range }] of branches.entries()) {
    if (name === '') continue;
    if (indexes.has(name))
      context.problems.add(range, `two sinks have the name "${name}"`, {
        subject,
        hint: 'give one of them another name: name: ...',
      });
    else indexes.set(name, at);
  }
  return indexes;
}

/** At least one branch must settle the messages. */
function checkGuarantee(branches: readonly BranchSpec[], list: Entry, { subject, context }: User): void {
  if (branches.length > 0 && branches.every(({ bestEffort }) => bestEffort))
    context.problems.add(list.key, 'every sink is best_effort, expected at least one that is not', {
      subject,
      hint: 'a message is settled by the sinks that are not best_effort',
    });
}

interface Order {
  /** The index of the branch that has `after`. */
  readonly at: number;
  readonly indexes: ReadonlyMap<string, number>;
  readonly branches: readonly BranchSpec[];
}

/** `after` must name an earlier branch, whose sink reports what it stored. */
function checkAfter({ name, after }: BranchSpec, order: Order, { subject, context }: User): void {
  const problem = after && problemOfAfter(after, order);
  if (!problem) return;
  const others = () => [...order.indexes.keys()].filter((other) => other !== name);
  context.problems.add(after.range, problem.text, {
    subject,
    hint: problem.hint ?? (() => suggestion(after.name, others(), 'sinks')),
  });
}

function problemOfAfter(
  { name }: NameSpec,
  { at, indexes, branches }: Order,
): { text: string; hint?: string } | undefined {
  const target = indexes.get(name);
  if (target === undefined) return { text: `after: there is no sink "${name}" in this topology` };
  if (target === at) return { text: "after: a sink can't stand after itself" };
  if (target > at)
    return { text: `after: "${name}" must come before this sink`, hint: 'sinks are read from top to bottom' };
  if (!branches[target]?.bestEffort) return undefined;
  return { text: `after: "${name}" is best_effort, so it is not known what it stored`, hint: 'name another sink' };
}
