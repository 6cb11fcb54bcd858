import { type Guarantee, guarantees } from '../../kit/guarantee.ts';
import { lineAndColumn } from '../read/source.ts';
import { entryRange, type MapTree } from '../read/tree.ts';
import { operatorsOf, type TopologySpec, usesOf } from '../spec.ts';
import { guarded } from './connectors.ts';
import type { Context } from './context.ts';
import { type GuaranteedPath, pathsOf, type Weakness } from './paths.ts';

/** The `guarantee` of a topology; undefined if it declares none, or a wrong one, which its schema reports. */
export function readGuarantee(map: MapTree): TopologySpec['guarantee'] {
  const entry = map.entries.get('guarantee');
  const value = entry?.value.kind === 'scalar' ? entry.value.value : undefined;
  const level = guarantees.find((each) => each === value);
  return entry && level ? { level, range: entryRange(entry) } : undefined;
}

/** Every hop that keeps less than the topology's `guarantee` is a mistake; branches that are `best_effort` are exempt. */
export function checkPathGuarantees(topology: TopologySpec, context: Context): void {
  const { guarantee, name } = topology;
  if (!guarantee || !isWhole(topology)) return;
  const { problems } = context;
  const paths = guarded(
    // Usages that are wrong were reported.
    (_path, text) => problems.size === 0 && problems.add(guarantee.range, text, { subject: name }),
    () => pathsOf(topology),
  );
  for (const path of paths ?? [])
    for (const weakness of path.bestEffort ? [] : path.weaknesses) {
      if (isKept(guarantee.level, weakness.guarantee)) continue;
      const { line } = lineAndColumn(guarantee.range);
      const text = `"${weakness.hop.name}" keeps no more than ${levelText(weakness.guarantee)}, and \`guarantee\` in line ${line} is ${guarantee.level}: ${weakness.why}`;
      problems.add(weakness.hop.range, text, { subject: name, hint: cureOf(weakness, path) });
    }
}

/** `at least once` */
export function levelText(level: Guarantee): string {
  return level.replaceAll('_', ' ');
}

function isKept(wanted: Guarantee, kept: Guarantee): boolean {
  return guarantees.indexOf(kept) >= guarantees.indexOf(wanted);
}

function cureOf({ cure }: Weakness, { guarantee }: GuaranteedPath): string {
  const less = guarantee === 'at_most_once' ? 'leave out `guarantee`' : `declare \`guarantee: ${guarantee}\``;
  return cure === undefined ? less : `${cure}, or ${less}`;
}

/** Nothing is known of a topology with other mistakes. */
function isWhole(topology: TopologySpec): boolean {
  const uses = [...usesOf(topology)];
  return (
    topology.source !== undefined &&
    uses.every(({ connector }) => connector?.valid === true && connector.declaration !== undefined) &&
    operatorsOf(topology).every(({ valid }) => valid)
  );
}
