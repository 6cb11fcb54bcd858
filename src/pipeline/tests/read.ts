import { suggestion } from '../../kit/names.ts';
import { durationMs } from '../../kit/units.ts';
import { checkTree } from '../check/schema.ts';
import { beginOf, type SourceFile } from '../read/source.ts';
import {
  asMap,
  asText,
  type Entry,
  entryRange,
  isNothing,
  isUnusable,
  keyAt,
  type MapTree,
  rangeAt,
  type Tree,
} from '../read/tree.ts';
import { parseYamlDocuments } from '../read/yaml.ts';
import { type ConnectorSpec, operatorsOf, type TopologySpec, usesOf } from '../spec.ts';
import type { TestContext, TestsRequest } from './context.ts';
import { readExpectations } from './expectations.ts';
import { readFaults } from './faults.ts';
import type { MockInput, PipelineTest, TestEntry, TestInput } from './model.ts';
import { checkRows, checkUnique } from './rows.ts';
import { entrySchema, mockSchema, tapeSchema, testSchema } from './structure.ts';

/**
 * The tests of a file, a YAML document each. Never throws for what the file holds: all mistakes go to `problems`, and a test with
 * one is left out.
 */
export function readTests(file: SourceFile, request: TestsRequest): readonly PipelineTest[] {
  const documents = parseYamlDocuments(file, request.problems);
  const filled = documents?.filter((tree) => !isNothing(tree)) ?? [];
  if (documents && filled.length === 0) request.problems.add(beginOf(file), 'the file has no test');
  checkNames(filled, request);
  return filled.flatMap((tree) => readTest(tree, file, request) ?? []);
}

/** Two tests of a file with one name are not told apart in the report. */
function checkNames(tests: readonly Tree[], { problems }: TestsRequest): void {
  const known = new Set<string>();
  for (const tree of tests) {
    const entry = asMap(tree)?.entries.get('name');
    const name = asText(entry?.value);
    if (entry && name !== undefined && known.has(name))
      problems.add(entryRange(entry), `another test of this file is named "${name}"`, {
        subject: 'test.name',
        hint: 'say in it what this one promises: reports tell tests apart by their names',
      });
    if (name !== undefined) known.add(name);
  }
}

function readTest(tree: Tree, file: SourceFile, request: TestsRequest): PipelineTest | undefined {
  const { problems, spec } = request;
  const before = problems.size;
  const map = asMap(tree);
  if (!map) {
    if (!isUnusable(tree)) problems.add(tree.at, 'expected a test: a map with name, topology, input and expect');
    return undefined;
  }
  const checked: TestContext['checked'] = (part, schema, subject, owner) => {
    const { value, valid } = checkTree(part, { schema, subject, owner, problems, folder: spec.path });
    return valid ? value : undefined;
  };
  const value = checked(map, testSchema, 'test', { ...map.at, end: map.at.start }) as PipelineTest | undefined;
  const topology = topologyOf(map, request);
  if (!topology) return undefined;
  const context = { ...request, topology, checked };
  checkTwins(map, context);
  checkTables(map, context);
  const input = readInput(map, context);
  const faults = readFaults(map, context);
  const { expect, withinMs, withinRange } = readExpectations(map, context);
  if (problems.size > before || !value || !input) return undefined;
  const range = rangeAt(map, ['name'], beginOf(file));
  const tables = value.tables ?? {};
  return { name: value.name, range, topology: topology.name, tables, input, faults, expect, withinMs, withinRange };
}

function topologyOf(map: MapTree, { spec, problems }: TestsRequest): TopologySpec | undefined {
  const entry = map.entries.get('topology');
  const name = asText(entry?.value);
  if (entry === undefined || name === undefined) return undefined;
  const found = spec.topologies.get(name);
  if (!found)
    problems.add(entryRange(entry), `unknown topology "${name}"`, {
      subject: 'topology',
      hint: () => suggestion(name, spec.topologies.keys(), 'topologies'),
    });
  return found;
}

/** The connectors that a topology uses, for lookups too. */
function connectorsOf({ topology, spec }: TestContext): readonly ConnectorSpec[] {
  const lookups = operatorsOf(topology).flatMap((operator) => operator.lookups);
  const used = [
    ...usesOf(topology).map(({ connector }) => connector),
    ...lookups.map(({ name }) => spec.connectors.get(name)),
  ];
  return [...new Set(used)].filter((connector) => connector !== undefined);
}

/** What has no twin can't be tested. */
function checkTwins(map: MapTree, context: TestContext): void {
  const { topology, problems } = context;
  const range = rangeAt(map, ['topology'], map.at);
  for (const { name, declaration } of connectorsOf(context))
    if (declaration && declaration.twin === undefined)
      problems.add(range, `"${name}" (${declaration.type}) has no twin`, {
        subject: topology.name,
        hint:
          declaration.plugin === undefined
            ? 'nothing in memory stands for connectors of this type: a topology that uses one can not be tested'
            : `in ${declaration.plugin}: twin: 'messages' beside its type, and messages of the test stand for it (or 'log', 'table')`,
      });
}

/** `tables`: rows for tables that the topology uses. */
function checkTables(map: MapTree, context: TestContext): void {
  const { problems } = context;
  const tables = connectorsOf(context).filter(({ declaration }) => declaration?.twin === 'table');
  const names = tables.map(({ name }) => name);
  const what = `tables of "${context.topology.name}"`;
  for (const [name, { key, value }] of asMap(map.entries.get('tables')?.value)?.entries ?? []) {
    const table = tables.find((each) => each.name === name);
    const told = { subject: `tables.${name}`, problems };
    if (!table)
      problems.add(key, `unknown table "${name}"`, { subject: 'tables', hint: () => suggestion(name, names, what) });
    else if (value.kind === 'list') {
      checkRows(value.items, table, told);
      checkUnique(value.items, table, told);
    }
  }
}

function readInput(map: MapTree, context: TestContext): TestInput | undefined {
  const entry = map.entries.get('input');
  if (!entry) return undefined;
  const { value: tree } = entry;
  if (tree.kind === 'map') return readMade(tree, entry, context);
  if (tree.kind === 'scalar' || tree.items.length === 0) {
    if (!isUnusable(tree))
      context.problems.add(entryRange(entry), 'expected a list of messages, `mock: { trades: N }` or `tape: FOLDER`', {
        subject: 'input',
      });
    return undefined;
  }
  const entries = tree.items.flatMap((item, at) => readEntry(item, `input[${at}]`, context) ?? []);
  if (entries.length === tree.items.length) checkTimes(tree.items, entries, context);
  return { kind: 'entries', entries };
}

/** Messages come in the order of the list: one that would come before the one above it is a mistake. */
function checkTimes(items: readonly Tree[], entries: readonly TestEntry[], { problems }: TestContext): void {
  let before = '0ms';
  for (const [index, { at }] of entries.entries()) {
    const item = items[index];
    if (durationMs(at) < durationMs(before) && item)
      problems.add(rangeAt(item, ['at'], item.at), `${at} is before the ${before} of the one above`, {
        subject: `input[${index}].at`,
        hint: 'write what comes in the order of its time; without `at` it comes at 0ms',
      });
    before = at;
  }
}

/** Messages that are not in the test itself. */
function readMade(tree: MapTree, entry: Entry, context: TestContext): TestInput | undefined {
  const range = entryRange(entry);
  if (isAsked(context)) context.problems.add(entry.key, 'a topology with routes takes requests', { subject: 'input' });
  if (!tree.entries.has('tape')) {
    const value = context.checked(tree, mockSchema, 'input', range) as { readonly mock: MockInput } | undefined;
    return value && { kind: 'mock', mock: value.mock };
  }
  const value = context.checked(tree, tapeSchema, 'input', range) as { readonly tape: string } | undefined;
  return value && { kind: 'tape', folder: value.tape, range: rangeAt(tree, ['tape'], range) };
}

function isAsked({ topology }: TestContext): boolean {
  return topology.source?.connector?.declaration?.source?.requests === true;
}

const contents = ['message', 'text', 'request'] as const;

function readEntry(item: Tree, subject: string, context: TestContext): TestEntry | undefined {
  const { problems } = context;
  const value = context.checked(item, entrySchema, subject, item.at) as TestEntry | undefined;
  if (!value) return undefined;
  const given = contents.filter((name) => Object.hasOwn(value, name));
  const wanted = isAsked(context) ? 'request' : 'message or text';
  const [only, other] = given;
  const range = (only !== undefined && keyAt(item, [], only)) || item.at;
  if (only === undefined || other !== undefined)
    problems.add(item.at, `expected exactly one of ${contents.join(', ')}`, { subject });
  else if ((only === 'request') !== isAsked(context))
    problems.add(range, `expected ${wanted}, got ${only}`, {
      subject,
      hint: `"${context.topology.name}" takes ${isAsked(context) ? 'requests' : 'messages'}`,
    });
  return value;
}
