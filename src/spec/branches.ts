import { suggestion } from './names.ts';
import { readOperators } from './operators.ts';
import { checkTree } from './schema.ts';
import type { BranchSpec, NameSpec } from './spec.ts';
import { branchSchema } from './structure.ts';
import { asMap, asText, type Entry, isUnusable, type MapTree } from './tree.ts';
import { readName, readUse, type User } from './uses.ts';

const branchKeys = Object.keys(branchSchema.properties);

/** What a branch is checked for here: its operators are read one by one, its other keys are the sink's options. */
const shallowSchema = { ...branchSchema, properties: { ...branchSchema.properties, operators: {} } };

/** Reads `sink`, or every entry of `sinks`. */
export function readBranches(map: MapTree, user: User): readonly BranchSpec[] {
  const single = map.entries.get('sink');
  if (single) return isUnusable(single.value) ? [] : [readSingle(single, user)];
  const list = map.entries.get('sinks');
  if (list?.value.kind !== 'list') return [];
  const branches: BranchSpec[] = [];
  for (const value of list.value.items) {
    const branch = readBranch({ key: value.at, value }, user);
    if (branch) branches.push(checked(branch, branches, user));
  }
  checkGuarantee(branches, list, user);
  checkAfter(branches, user);
  return branches;
}

function readSingle(entry: Entry, user: User): BranchSpec {
  const sink = readUse(entry, 'sink', user);
  const name = sink.connector?.name ?? '';
  return { name, sink, operators: [], after: undefined, bestEffort: false, place: sink.place };
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
    place: sink.place,
  };
}

function checked(branch: BranchSpec, before: readonly BranchSpec[], { subject, context }: User): BranchSpec {
  if (branch.name !== '' && before.some(({ name }) => name === branch.name))
    context.problems.add(branch.place, `two sinks are called "${branch.name}"`, {
      subject,
      hint: 'give one of them a name of its own: name: ...',
    });
  return branch;
}

/** Somebody must settle the messages. */
function checkGuarantee(branches: readonly BranchSpec[], list: Entry, { subject, context }: User): void {
  if (branches.length > 0 && branches.every(({ bestEffort }) => bestEffort))
    context.problems.add(list.key, 'every sink is best_effort, expected one that is not', {
      subject,
      hint: 'a message is settled by the sinks that are not best_effort',
    });
}

/** `after` names a branch that stands before, and that tells what it stored. */
function checkAfter(branches: readonly BranchSpec[], user: User): void {
  for (const [at, { after, name }] of branches.entries()) {
    if (!after) continue;
    const target = branches.findIndex((branch) => branch.name === after.name);
    const problem = problemOfAfter(after, { target, at, branch: branches[target] });
    if (!problem) continue;
    const others = branches.map((branch) => branch.name).filter((other) => other !== name && other !== '');
    user.context.problems.add(after.place, problem.text, {
      subject: user.subject,
      hint: problem.hint ?? (() => suggestion(after.name, others, 'sinks')),
    });
  }
}

interface Found {
  /** Place of the branch that `after` names, -1 when there is none. */
  readonly target: number;
  /** Place of the branch that says `after`. */
  readonly at: number;
  readonly branch: BranchSpec | undefined;
}

function problemOfAfter(after: NameSpec, { target, at, branch }: Found): { text: string; hint?: string } | undefined {
  if (!branch) return { text: `after: there is no sink "${after.name}" in this topology` };
  if (target === at) return { text: "after: a sink can't stand after itself" };
  if (target > at)
    return { text: `after: "${after.name}" must stand before`, hint: 'sinks are read from top to bottom' };
  if (branch.bestEffort)
    return {
      text: `after: "${after.name}" is best_effort, so nothing is known of what it stored`,
      hint: 'name another sink',
    };
  return undefined;
}
