import { suggestion } from '../../kit/names.ts';
import { checkTree } from '../check/schema.ts';
import { beginOf, type SourceFile } from '../read/source.ts';
import { asMap, asText, entryRange, isUnusable, type MapTree, rangeAt, type Tree, valueAt } from '../read/tree.ts';
import { parseYaml } from '../read/yaml.ts';
import { lookupsOf, type TopologySpec } from '../spec.ts';
import type { TestContext, TestsRequest } from './context.ts';
import { readFault } from './faults.ts';
import type { TestFault } from './model.ts';

/**
 * The faults of a file, by topology: a YAML list of what `faults` of a test has. Each may name its `topology`; else one of a sink is
 * for every topology that has it, and any other for all of these. All mistakes go to `problems`.
 */
export function readFaultFile(
  file: SourceFile,
  topologies: readonly TopologySpec[],
  request: TestsRequest,
): ReadonlyMap<string, readonly TestFault[]> {
  const { problems } = request;
  const tree = parseYaml(file, problems);
  const faults = new Map<string, TestFault[]>();
  if (tree?.kind !== 'list') {
    if (!tree || !isUnusable(tree)) problems.add(tree?.at ?? beginOf(file), 'expected a list of faults');
    return faults;
  }
  for (const [index, item] of tree.items.entries())
    for (const topology of topologiesOf(item, topologies, request)) {
      const before = problems.size;
      const fault = readFault(withoutTopology(item), `[${index}]`, contextOf(topology, request));
      if (fault) faults.set(topology.name, [...(faults.get(topology.name) ?? []), fault]);
      if (problems.size > before) break;
    }
  return faults;
}

function topologiesOf(
  item: Tree,
  topologies: readonly TopologySpec[],
  { problems }: TestsRequest,
): readonly TopologySpec[] {
  const entry = asMap(item)?.entries.get('topology');
  const names = topologies.map(({ name }) => name);
  if (entry) {
    const name = asText(entry.value);
    const found = topologies.filter((each) => each.name === name);
    if (found.length === 0)
      problems.add(entryRange(entry), `unknown topology "${name}"`, {
        subject: 'topology',
        hint: () => suggestion(String(name), names, 'topologies that are run'),
      });
    return found;
  }
  const target = targetOf(item);
  if (!target) {
    if (!asMap(item))
      problems.add(item.at, 'expected a fault: a map with sink, lookup, source, crash, restore or clock');
    return topologies;
  }
  const { name, kind, path, namesIn } = target;
  const found = topologies.filter((topology) => namesIn(topology).includes(name));
  if (found.length === 0)
    problems.add(rangeAt(item, path, item.at), `unknown ${kind} "${name}"`, {
      subject: kind,
      hint: () => suggestion(name, [...new Set(topologies.flatMap(namesIn))], `${kind}s`),
    });
  return found;
}

/** Where a fault names what it happens to, and what has such names in a topology. */
const targets = [
  { kind: 'sink', path: ['sink'], namesIn: sinksOf },
  { kind: 'sink', path: ['restore', 'sink'], namesIn: sinksOf },
  { kind: 'lookup', path: ['lookup'], namesIn: lookupsOf },
] as const;

function targetOf(item: Tree) {
  for (const target of targets) {
    const name = asText(valueAt(item, target.path));
    if (name !== undefined) return { ...target, name };
  }
  return undefined;
}

function sinksOf({ branches, deadLetter }: TopologySpec): readonly string[] {
  return [...branches.map(({ name }) => name), ...(deadLetter ? ['dead_letters'] : [])];
}

function withoutTopology(item: Tree): Tree {
  const map: MapTree | undefined = asMap(item);
  if (!map) return item;
  return { ...map, entries: new Map([...map.entries].filter(([name]) => name !== 'topology')) };
}

function contextOf(topology: TopologySpec, request: TestsRequest): TestContext {
  const { problems, spec } = request;
  const checked: TestContext['checked'] = (part, schema, subject, owner) => {
    const { value, valid } = checkTree(part, { schema, subject, owner, problems, folder: spec.path });
    return valid ? value : undefined;
  };
  return { ...request, topology, checked };
}
