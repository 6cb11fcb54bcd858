import type { ConnectorDeclaration } from '../../kit/declaration.ts';
import { logOptions, tableOptions } from '../../kit/declaration.ts';
import type { Entry, MapTree, Tree } from './tree.ts';
import { asMap, asText, isNothing } from './tree.ts';

/** Options of a family that stay when an overlay changes the connector's type. */
const commonOptions = { log: Object.keys(logOptions), table: Object.keys(tableOptions) };

/** Maps are merged key by key, everything else is replaced; `null` removes a key. */
export function deepMerge(base: MapTree, over: MapTree): MapTree {
  const entries = new Map(base.entries);
  for (const [name, entry] of over.entries) {
    if (isNothing(entry.value)) entries.delete(name);
    else entries.set(name, { key: entry.key, value: mergedValue(entries.get(name)?.value, entry.value) });
  }
  return { ...base, entries };
}

function mergedValue(base: Tree | undefined, over: Tree): Tree {
  return base?.kind === 'map' && over.kind === 'map' ? deepMerge(base, over) : over;
}

/**
 * Applies a profile's connector to the pipeline's: merged if the type is the same or not given, otherwise replaced,
 * except for the common options of the new type's family.
 */
export function overlayConnector(
  base: Entry,
  over: MapTree,
  declarations: ReadonlyMap<string, ConnectorDeclaration>,
): Entry {
  const before = asMap(base.value);
  const type = asText(over.entries.get('type')?.value);
  if (!before) return { key: base.key, value: over };
  if (type === undefined || type === asText(before.entries.get('type')?.value))
    return { key: base.key, value: deepMerge(before, over) };
  const family = declarations.get(type)?.family;
  const kept = family ? commonOptions[family] : [];
  const entries = [...before.entries].filter(([name]) => kept.includes(name));
  return { key: base.key, value: deepMerge({ ...over, entries: new Map(entries) }, over) };
}
