import { claimsClash } from '../../kit/listen.ts';
import { missingHint } from '../check/annotations.ts';
import { guarded } from '../check/connectors.ts';
import type { Problems } from '../problem.ts';
import { lineAndColumn } from '../read/source.ts';
import { scalarsOf, type Tree } from '../read/tree.ts';
import { type ConnectorSpec, type Spec, type TopologySpec, type UseSpec, usesOf } from '../spec.ts';

interface Report {
  readonly spec: Spec;
  readonly problems: Problems;
}

/** What starts: topologies, and the connectors that they need. */
export interface Started extends Report {
  readonly topologies: readonly TopologySpec[];
  readonly connectors: readonly ConnectorSpec[];
  readonly isTest: boolean;
}

/** Reports why the topologies can't start together in one process, and variables that are not set. */
export function checkStart({ topologies, connectors, spec, problems, isTest }: Started): void {
  reportSharedGroups(spec, problems);
  reportMissing(topologies, connectors, { spec, problems });
  reportClaims(connectors, problems);
  reportExclusive(topologies, problems);
  if (!isTest) reportBeside(topologies, spec, problems);
}

/** Every variable that is not set is reported once, where it is first needed. */
export function reportMissing(
  started: readonly TopologySpec[],
  connectors: readonly ConnectorSpec[],
  { spec, problems }: Report,
): void {
  const reported = new Set<string>();
  const reportIn = (subject: string, tree: Tree | undefined, schema: Parameters<typeof missingHint>[0]) => {
    for (const { scalar, path } of scalarsOf(tree)) {
      const { missing } = scalar;
      if (!missing || reported.has(missing.text)) continue;
      reported.add(missing.text);
      const hint =
        missing.hint ??
        missingHint(schema, path) ??
        `set ${missing.variable}, in the environment or in .env beside the pipeline`;
      problems.add(scalar.at, missing.text, { subject, hint });
    }
  };
  reportIn('name', spec.nameTree, {});
  reportIn('settings', spec.settings.tree, {});
  for (const { name, entry, declaration } of connectors) reportIn(name, entry.value, declaration?.options ?? {});
  for (const { name, entry } of started) reportIn(name, entry.value, {});
}

/** Two connectors of one process can't have the same port or file. */
function reportClaims(connectors: readonly ConnectorSpec[], problems: Problems): void {
  const claimed: { readonly claim: string; readonly connector: ConnectorSpec }[] = [];
  for (const connector of connectors) {
    const { declaration, valid, options, entry, name } = connector;
    if (!valid || !declaration?.claims) continue;
    const report = (_path: unknown, text: string) => problems.add(entry.key, text, { subject: name });
    for (const claim of guarded(report, () => declaration.claims?.(options)) ?? []) {
      const first = claimed.find((each) => each.connector !== connector && claimsClash(each.claim, claim));
      if (first)
        problems.add(entry.key, `claims ${claim}, as does "${first.connector.name}"`, {
          subject: name,
          hint: 'they cannot run in the same process: change one, or start their topologies in separate processes with --topology',
        });
      else claimed.push({ claim, connector });
    }
  }
}

/** A server's port serves one topology. */
function reportExclusive(started: readonly TopologySpec[], problems: Problems): void {
  const taken = new Map<string, string>();
  for (const topology of started) {
    for (const { connector, role, range } of usesOf(topology)) {
      if (!connector?.declaration?.[role]?.exclusive) continue;
      const use = `${role} ${connector.name}`;
      const first = taken.get(use);
      if (first === undefined) taken.set(use, topology.name);
      else
        problems.add(range, `"${connector.name}" is the ${role} of "${first}" already`, {
          subject: topology.name,
          hint: 'only one topology of a process can use it: start them in separate processes with --topology, or give each its own connector',
        });
    }
  }
}

/**
 * The members of a group share a log's messages among them: two topologies that read one log in one group would each
 * miss what the other reads, in one process or in two.
 */
function reportSharedGroups({ topologies }: Spec, problems: Problems): void {
  const readers = new Map<string, TopologySpec>();
  for (const topology of topologies.values()) {
    const { connector, usage, range } = topology.source ?? {};
    const group = usage?.['group'];
    if (!connector?.valid || typeof group !== 'string' || !connector.declaration?.logNames) continue;
    const names = connector.declaration.logNames(connector.options).map((name) => `${name} ${group}`);
    const first = names.map((name) => readers.get(name)).find((reader) => reader !== undefined);
    for (const name of names) readers.set(name, first ?? topology);
    if (first?.source)
      problems.add(
        range,
        `"${first.name}" (line ${lineAndColumn(first.source.range).line}) reads this log in group "${group}" already`,
        {
          subject: topology.name,
          hint: 'each would miss the messages that the other reads: give it another `group`',
        },
      );
  }
}

/** A role that needs another role of its connector needs it in the same process. */
function reportBeside(started: readonly TopologySpec[], spec: Spec, problems: Problems): void {
  const uses = started.flatMap(usesOf);
  for (const topology of started) {
    for (const { connector, role, range } of usesOf(topology)) {
      const wanted = connector?.declaration?.[role]?.beside;
      const isWith = (use: UseSpec) => use.connector === connector && use.role === wanted;
      if (!wanted || uses.some(isWith)) continue;
      const other = [...spec.topologies.values()].find((each) => usesOf(each).some(isWith));
      problems.add(
        range,
        `"${connector.name}" as a ${role} shows nothing without the topology that has it as its ${wanted}`,
        {
          subject: topology.name,
          hint: other
            ? `start both in one process: --topology ${other.name},${topology.name}`
            : `no topology has it as its ${wanted}`,
        },
      );
    }
  }
}
