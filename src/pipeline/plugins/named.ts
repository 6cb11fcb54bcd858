import type { Problems } from '../problem.ts';
import { asText, type Entry, entryRange, isNothing, isUnusable, type Tree } from '../read/tree.ts';
import type { NameSpec } from '../spec.ts';

/** What `plugins` lists, paths of files and names of packages, once variables are filled in. */
export function namedPlugins(entry: Entry | undefined, problems: Problems): readonly NameSpec[] {
  if (!entry || isNothing(entry.value) || isUnusable(entry.value)) return [];
  if (entry.value.kind !== 'list') {
    problems.add(entryRange(entry), 'plugins: expected a list of files and packages', {
      hint: 'plugins: [./operators/spread.ts, fdp-redis]',
    });
    return [];
  }
  const named = new Map<string, NameSpec>();
  for (const item of entry.value.items) {
    const name = nameOf(item, problems);
    if (name === undefined) continue;
    const range = entryRange({ key: entry.key, value: item });
    if (named.has(name)) problems.add(range, `plugins: "${name}" is listed twice`);
    else named.set(name, { name, range });
  }
  return [...named.values()];
}

function nameOf(item: Tree, problems: Problems): string | undefined {
  if (item.kind === 'scalar' && item.missing) {
    problems.add(item.at, item.missing.text, { subject: 'plugins', hint: item.missing.hint });
    return undefined;
  }
  if (isUnusable(item)) return undefined;
  const name = asText(item);
  if (name) return name;
  problems.add(item.at, 'plugins: expected the path of a file, or the name of a package');
  return undefined;
}
