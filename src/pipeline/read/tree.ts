import type { SourceRange } from './source.ts';

// The pipeline's text as values with their ranges. Aliases share the tree of their anchor.

export type Tree = MapTree | ListTree | ScalarTree;

export interface MapTree {
  readonly kind: 'map';
  readonly at: SourceRange;
  /** Written over several lines, without braces: then its key marks its position. */
  readonly block: boolean;
  readonly entries: ReadonlyMap<string, Entry>;
}

export interface ListTree {
  readonly kind: 'list';
  readonly at: SourceRange;
  readonly block: boolean;
  readonly items: readonly Tree[];
}

/** A piece of a text; text of the pipeline itself has no variables. */
export interface TextPart {
  readonly text: string;
  readonly variables: readonly string[];
}

export interface ScalarTree {
  readonly kind: 'scalar';
  readonly at: SourceRange;
  readonly value: Scalar;
  /** Environment variables that the value was made from. */
  readonly variables?: readonly string[];
  /** The pieces of such a value, in order, each with its variables. */
  readonly parts?: readonly TextPart[];
  /** A variable that is not set: a mistake only when a started topology needs the value. */
  readonly missing?: Missing;
  /** A mistake that was reported already; its consequences are not reported. */
  readonly broken?: true;
}

export type Scalar = string | number | boolean | null;

export interface Missing {
  readonly variable: string;
  readonly text: string;
  /** How to fix it, if not by setting the variable. */
  readonly hint?: string | undefined;
}

export interface Entry {
  readonly key: SourceRange;
  readonly value: Tree;
}

export type Path = readonly (string | number)[];

/** True for nothing at all, and for `key:` without a value. */
export function isNothing(tree: Tree | undefined): boolean {
  return tree === undefined || (tree.kind === 'scalar' && tree.value === null && !isUnusable(tree));
}

/** True if the value can't be used: its variable is missing, or it is broken. */
export function isUnusable(tree: Tree): boolean {
  return tree.kind === 'scalar' && (tree.missing !== undefined || tree.broken === true);
}

/** True when nothing in the tree is missing or broken. */
export function isWhole(tree: Tree | undefined): boolean {
  for (const { scalar } of scalarsOf(tree)) if (isUnusable(scalar)) return false;
  return true;
}

/** Every scalar below, with its path. */
export function* scalarsOf(
  tree: Tree | undefined,
  path: Path = [],
): Generator<{ readonly scalar: ScalarTree; readonly path: Path }> {
  if (tree?.kind === 'scalar') yield { scalar: tree, path };
  else if (tree?.kind === 'list') for (const [at, item] of tree.items.entries()) yield* scalarsOf(item, [...path, at]);
  else if (tree) for (const [key, { value }] of tree.entries) yield* scalarsOf(value, [...path, key]);
}

/** The tree as plain JSON values, fresh each time; `omit` names keys of the outermost map to leave out. */
export function plain(tree: Tree | undefined, omit: readonly string[] = []): unknown {
  if (tree === undefined) return undefined;
  if (tree.kind === 'scalar') return isUnusable(tree) ? '' : tree.value;
  if (tree.kind === 'list') return tree.items.map((item) => plain(item));
  const values: Record<string, unknown> = {};
  for (const [key, { value }] of tree.entries) if (!omit.includes(key)) values[key] = plain(value);
  return values;
}

/** The value at a path; undefined when there is none. */
export function valueAt(tree: Tree | undefined, path: Path): Tree | undefined {
  let here = tree;
  for (const step of path) {
    if (here?.kind === 'map') here = here.entries.get(String(step))?.value;
    else if (here?.kind === 'list') here = here.items[Number(step)];
    else return undefined;
  }
  return here;
}

/** The range of the value at a path, or of the nearest existing parent. `owner` is the range of the root. */
export function rangeAt(tree: Tree | undefined, path: Path, owner: SourceRange): SourceRange {
  let here = tree;
  let range = tree && path.length === 0 ? rootRange(tree, owner) : owner;
  for (const step of path) {
    if (here?.kind === 'map') {
      const entry = here.entries.get(String(step));
      if (!entry) break;
      here = entry.value;
      range = entryRange(entry);
    } else if (here?.kind === 'list') {
      here = here.items[Number(step)];
      if (!here) break;
      range = here.at;
    } else break;
  }
  return range;
}

/** The range of a key of the map at a path. */
export function keyAt(tree: Tree | undefined, path: Path, key: string): SourceRange | undefined {
  const map = valueAt(tree, path);
  return map?.kind === 'map' ? map.entries.get(key)?.key : undefined;
}

/** The range to report for an entry: its key if the value is empty or spans several lines. */
export function entryRange({ key, value }: Entry): SourceRange {
  return value.kind === 'scalar' ? (value.at.end > value.at.start ? value.at : key) : value.block ? key : value.at;
}

function rootRange(tree: Tree, owner: SourceRange): SourceRange {
  return tree.kind === 'scalar' && tree.at.end > tree.at.start ? tree.at : owner;
}

/** An entry's value when it is a map; undefined for anything else. */
export function asMap(tree: Tree | undefined): MapTree | undefined {
  return tree?.kind === 'map' ? tree : undefined;
}

/** A scalar's text; undefined if it is not text, or can't be used. */
export function asText(tree: Tree | undefined): string | undefined {
  return tree?.kind === 'scalar' && typeof tree.value === 'string' && !isUnusable(tree) ? tree.value : undefined;
}
