import { suggestion } from '../../kit/names.ts';
import { checkTree } from '../check/schema.ts';
import { beginOf, type SourceFile } from '../read/source.ts';
import { asMap, asText, entryRange, isUnusable, type MapTree, rangeAt, type Tree, valueAt } from '../read/tree.ts';
import { parseYaml } from '../read/yaml.ts';
import type { TopologySpec } from '../spec.ts';
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
  const sink = asText(asMap(item)?.entries.get('sink')?.value) ?? asText(valueAt(item, ['restore', 'sink']));
  if (sink === undefined) {
    if (!asMap(item)) problems.add(item.at, 'expected a fault: a map with sink, source, crash, restore or clock');
    return topologies;
  }
  const sinks = (topology: TopologySpec) => [
    ...topology.branches.map(({ name }) => name),
    ...(topology.deadLetter ? ['dead_letters'] : []),
  ];
  const found = topologies.filter((topology) => sinks(topology).includes(sink));
  if (found.length === 0)
    problems.add(rangeAt(item, ['sink'], item.at), `unknown sink "${sink}"`, {
      subject: 'sink',
      hint: () => suggestion(sink, [...new Set(topologies.flatMap(sinks))], 'sinks'),
    });
  return found;
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
