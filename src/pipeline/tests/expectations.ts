import { suggestion } from '../../kit/names.ts';
import { durationMs } from '../../kit/units.ts';
import type { SourceRange } from '../read/source.ts';
import { asMap, type Entry, entryRange, isUnusable, type MapTree, plain, type Tree } from '../read/tree.ts';
import type { TestContext } from './context.ts';
import type { Expectation, Expected } from './model.ts';
import { checkRows } from './rows.ts';
import { committedSchema, contentSchemas, expectWords, orderSchema, replySchema, withinSchema } from './structure.ts';

interface Expectations {
  readonly expect: readonly Expectation[];
  readonly withinMs: number | undefined;
  readonly withinRange: SourceRange | undefined;
}

/** What a test expects. A name that is neither a word of it nor a sink of the topology is a mistake. */
export function readExpectations(map: MapTree, context: TestContext): Expectations {
  const entries = asMap(map.entries.get('expect')?.value)?.entries ?? new Map<string, Entry>();
  const expect = [...entries].flatMap(([name, entry]) => readOne(name, entry, context) ?? []);
  // A tape has the partitions of its own log.
  const isRecorded = asMap(map.entries.get('input')?.value)?.entries.has('tape') ?? false;
  if (!isRecorded) for (const each of expect) if (each.kind === 'committed') checkPartitions(each, context);
  const within = entries.get('within');
  const text = within && context.checked(within.value, withinSchema, 'expect.within', entryRange(within));
  if (entries.size === 1 && within)
    context.problems.add(within.key, 'nothing is expected but an end', {
      subject: 'expect',
      hint: 'say what must be there then: rows of a sink, dead_letters, committed, order',
    });
  return {
    expect,
    withinMs: typeof text === 'string' ? durationMs(text) : undefined,
    withinRange: within && entryRange(within),
  };
}

function readOne(name: string, entry: Entry, context: TestContext): Expectation | undefined {
  const { topology, problems } = context;
  const range = entryRange(entry);
  const subject = `expect.${name}`;
  if (name === 'within') return undefined;
  if (name === 'committed') return readCommitted(entry, subject, context);
  if (name === 'replies') return readReplies(entry, subject, context);
  if (name === 'order') {
    const value = context.checked(entry.value, orderSchema, subject, range) as { readonly by: string } | undefined;
    return value && { kind: 'order', range, by: value.by };
  }
  if (name === 'dead_letters')
    return readContent(entry, { name, subject, connector: topology.deadLetter?.connector?.name }, context);
  const sinks = new Map(topology.branches.map((branch) => [branch.name, branch.sink.connector?.name]));
  for (const connector of [...sinks.values()])
    if (connector !== undefined && !sinks.has(connector)) sinks.set(connector, connector);
  if (!sinks.has(name)) {
    problems.add(entry.key, `unknown expectation "${name}"`, {
      subject: 'expect',
      hint: () => suggestion(name, [...sinks.keys(), ...expectWords], `what "${topology.name}" can be asked for`),
    });
    return undefined;
  }
  return readContent(entry, { name, subject, connector: sinks.get(name) }, context);
}

function readContent(
  entry: Entry,
  {
    name,
    subject,
    connector,
  }: { readonly name: string; readonly subject: string; readonly connector: string | undefined },
  context: TestContext,
): Expectation | undefined {
  const { value: tree } = entry;
  const range = entryRange(entry);
  const value = context.checked(tree, contentSchemas[tree.kind], subject, range);
  if (value === undefined) return undefined;
  const head = { kind: 'content', range, name, connector } as const;
  if (tree.kind === 'scalar') return { ...head, count: { value, range } };
  const holder = connector === undefined ? undefined : context.spec.connectors.get(connector);
  if (tree.kind === 'list') {
    checkRows(tree.items, holder, { subject, problems: context.problems });
    return { ...head, all: tree.items.map(expected) };
  }
  const rows = tree.entries.get('rows');
  const some = tree.entries.get('contains')?.value;
  if (some?.kind === 'list') checkRows(some.items, holder, { subject, problems: context.problems });
  return {
    ...head,
    ...(rows && { count: { value: plain(rows.value), range: entryRange(rows) } }),
    ...(some?.kind === 'list' && { some: some.items.map(expected) }),
  };
}

function readCommitted(entry: Entry, subject: string, context: TestContext): Expectation | undefined {
  const range = entryRange(entry);
  if (context.topology.source?.usage['group'] === undefined) {
    context.problems.add(entry.key, `"${context.topology.name}" commits nothing: its source is no log`, { subject });
    return undefined;
  }
  const positions = listed(entry, subject, context).filter(
    ({ tree, subject: own }) => context.checked(tree, committedSchema, own, tree.at) !== undefined,
  );
  return positions.length === 0
    ? undefined
    : { kind: 'committed', range, positions: positions.map(({ tree }) => expected(tree)) };
}

/** A partition that the log does not have is never committed. */
function checkPartitions(
  { positions }: Extract<Expectation, { kind: 'committed' }>,
  { topology, problems }: TestContext,
): void {
  const { connector } = topology.source ?? {};
  const { partitions } = (connector?.valid ? connector.options : {}) as { readonly partitions?: number };
  for (const { value, range } of positions) {
    const { partition } = value as { readonly partition: number };
    if (partitions !== undefined && partition >= partitions)
      problems.add(range, `"${connector?.name}" has no partition ${partition}`, {
        subject: 'expect.committed',
        hint: `its partitions are 0 to ${partitions - 1}`,
      });
  }
}

function readReplies(entry: Entry, subject: string, context: TestContext): Expectation | undefined {
  if (context.topology.routes.length === 0) {
    context.problems.add(entry.key, `"${context.topology.name}" has no routes`, { subject });
    return undefined;
  }
  const replies = listed(entry, subject, context).filter(
    ({ tree, subject: own }) => context.checked(tree, replySchema, own, tree.at) !== undefined,
  );
  return { kind: 'replies', range: entryRange(entry), replies: replies.map(({ tree }) => expected(tree)) };
}

/** The items of a list, or the one that stands in its place. */
function listed(
  entry: Entry,
  subject: string,
  { problems }: TestContext,
): readonly { readonly tree: Tree; readonly subject: string }[] {
  const { value: tree } = entry;
  if (tree.kind === 'map') return [{ tree, subject }];
  if (tree.kind === 'list' && tree.items.length > 0)
    return tree.items.map((item, at) => ({ tree: item, subject: `${subject}[${at}]` }));
  const example = subject === 'expect.replies' ? '{ data: ... }' : '{ partition: 0, offset: 1 }';
  if (!isUnusable(tree))
    problems.add(entryRange(entry), `expected a map such as ${example}, or a list of them`, { subject });
  return [];
}

function expected(tree: Tree): Expected {
  return { value: plain(tree), range: tree.at };
}
