import { dirname, resolve } from 'node:path';
import { suggestion } from '../../kit/names.ts';
import { pipelineStructure } from '../check/structure.ts';
import { Problems } from '../problem.ts';
import { filesLike } from './folder.ts';
import { beginOf, lineAndColumn, type SourceFile, type SourceRange, sourceFile } from './source.ts';
import { readTextFile } from './text-file.ts';
import { asText, type Entry, entryRange, isNothing, isUnusable, type MapTree, type Tree } from './tree.ts';
import { parseYaml } from './yaml.ts';

/** The pipeline and what it includes, joined. */
export interface Sections {
  readonly name: Tree | undefined;
  readonly profile: Tree | undefined;
  readonly plugins: Entry | undefined;
  readonly settings: Entry | undefined;
  readonly connectors: Map<string, Entry>;
  readonly topologies: Map<string, Entry>;
  readonly main: SourceFile;
  /** False if a file could not be read: an unknown name may be defined there. */
  readonly complete: boolean;
}

/** The main file of a pipeline, read and parsed. */
export interface PipelineFile {
  readonly source: SourceFile;
  /** Undefined if that failed. */
  readonly tree: Tree | undefined;
  /** What is wrong with its text. */
  readonly problems: Problems;
}

/** Reads the main file of a pipeline, and nothing that it includes. Never throws for its content. */
export function readPipelineFile(path: string): PipelineFile {
  const problems = new Problems();
  const full = resolve(path);
  const read = readTextFile(full);
  const source = sourceFile(full, 'text' in read ? read.text : '', 0);
  if ('text' in read) return { source, tree: parseYaml(source, problems), problems };
  problems.add(undefined, `${full}: ${read.refusal}`);
  return { source, tree: undefined, problems };
}

/** What a pipeline lists as plugins. */
export function pluginsOf({ tree }: PipelineFile): Entry | undefined {
  return tree?.kind === 'map' ? tree.entries.get('plugins') : undefined;
}

const maxFiles = 200;
const mainKeys = Object.keys(pipelineStructure.properties);
const includedKeys = ['include', 'connectors', 'topologies'];
const overlayKeys = ['settings', 'connectors'];

/** Reads the files of one spec, each once. */
export class FileReader {
  readonly #problems: Problems;
  readonly #read = new Set<string>();
  #complete = true;

  constructor(problems: Problems) {
    this.#problems = problems;
  }

  /** The main file, whose own problems are known, and what it includes. */
  pipeline({ source, tree }: PipelineFile): Sections | undefined {
    const { path } = source;
    this.#read.add(path);
    this.#complete = tree !== undefined;
    if (!tree) return undefined;
    const connectors = new Map<string, Entry>();
    const topologies = new Map<string, Entry>();
    const join = (root: MapTree | undefined, keys: readonly string[], chain: readonly string[]) => {
      if (!root) return;
      this.#checkKeys(root, keys);
      this.#merge(root, 'connectors', connectors);
      this.#merge(root, 'topologies', topologies);
      for (const { path, range } of this.#included(root, chain)) {
        if (this.#isCycle(path, chain, range) || this.#read.has(path)) continue;
        const included = this.#open(path, range);
        if (included) join(this.#root(included.tree, included.file), includedKeys, [...chain, path]);
      }
    };
    const root = this.#root(tree, source);
    join(root, mainKeys, [path]);
    const section = root?.entries.get('settings');
    const settings = section && this.#section(section, 'settings') ? section : undefined;
    return {
      name: root?.entries.get('name')?.value,
      profile: root?.entries.get('profile')?.value,
      plugins: root?.entries.get('plugins'),
      settings,
      connectors,
      topologies,
      main: source,
      complete: this.#complete,
    };
  }

  /** A profile's overlay; undefined when it can't be read. */
  overlay(
    path: string,
  ): { readonly settings: MapTree | undefined; readonly connectors: MapTree | undefined } | undefined {
    const opened = this.#open(path, undefined);
    const root = opened && this.#root(opened.tree, opened.file);
    if (!root) return undefined;
    this.#checkKeys(root, overlayKeys);
    const section = (name: string) => {
      const entry = root.entries.get(name);
      return entry && this.#section(entry, name);
    };
    return { settings: section('settings'), connectors: section('connectors') };
  }

  #open(path: string, range: SourceRange | undefined): { readonly file: SourceFile; readonly tree: Tree } | undefined {
    const text = this.#text(path, range);
    if (text === undefined) {
      this.#complete = false;
      return undefined;
    }
    const file = sourceFile(path, text, this.#read.size);
    this.#read.add(path);
    const tree = parseYaml(file, this.#problems);
    if (!tree) this.#complete = false;
    return tree && { file, tree };
  }

  #text(path: string, range: SourceRange | undefined): string | undefined {
    const refuse = (text: string, hint?: string) => {
      this.#problems.add(range, range ? text : `${path}: ${text}`, { hint });
      return undefined;
    };
    if (this.#read.size >= maxFiles) return refuse(`more than ${maxFiles} files are included`);
    const read = readTextFile(path);
    if ('text' in read) return read.text;
    return refuse(read.refusal, range && read.isUnreachable ? `looked for ${path}` : undefined);
  }

  #root(tree: Tree, file: SourceFile): MapTree | undefined {
    if (tree.kind === 'map') return tree;
    if (!isUnusable(tree) && !(file.order > 0 && isNothing(tree)))
      this.#problems.add(beginOf(file), `expected a map with ${overlayKeys[1]} and topologies`);
    return undefined;
  }

  #checkKeys(root: MapTree, known: readonly string[]): void {
    for (const [name, { key }] of root.entries) {
      if (known.includes(name)) continue;
      const misplaced = mainKeys.includes(name);
      const text = misplaced ? `"${name}" can't stand in this file` : `unknown key "${name}"`;
      this.#problems.add(key, text, {
        hint: () => (misplaced ? `known here: ${known.join(', ')}` : suggestion(name, known, 'known')),
      });
    }
  }

  /** The map under a key; no value counts as an empty map. */
  #section({ key, value }: Entry, name: string): MapTree | undefined {
    if (value.kind === 'map') return value;
    if (!isNothing(value) && !isUnusable(value))
      this.#problems.add(entryRange({ key, value }), `${name}: expected a map`);
    return undefined;
  }

  #merge(root: MapTree, name: 'connectors' | 'topologies', into: Map<string, Entry>): void {
    const entry = root.entries.get(name);
    for (const [member, found] of entry ? (this.#section(entry, name)?.entries ?? []) : []) {
      const first = into.get(member);
      if (first) {
        const { line } = lineAndColumn(first.key);
        this.#problems.add(found.key, `${name}: "${member}" is defined twice`, {
          hint: `the first is in ${first.key.file.path}:${line}`,
        });
      } else into.set(member, found);
    }
  }

  /** The files that a file includes, in the order of its list, those of a pattern by name. */
  #included(root: MapTree, chain: readonly string[]): { readonly path: string; readonly range: SourceRange }[] {
    const entry = root.entries.get('include');
    if (!entry || isNothing(entry.value)) return [];
    if (entry.value.kind !== 'list') {
      this.#problems.add(entryRange(entry), 'include: expected a list of files', {
        hint: 'include: [topologies/*.yml]',
      });
      return [];
    }
    return entry.value.items.flatMap((item) => {
      const range = entryRange({ key: entry.key, value: item });
      const pattern = asText(item);
      if (pattern) return this.#matching(pattern, range, chain).map((path) => ({ path, range }));
      if (!isUnusable(item)) this.#problems.add(range, 'include: expected the name of a file, or a pattern with *');
      return [];
    });
  }

  #matching(pattern: string, range: SourceRange, chain: readonly string[]): string[] {
    const from = chain.at(-1) ?? '.';
    const path = resolve(dirname(from), pattern);
    if (!pattern.includes('*')) return [path];
    if (dirname(path).includes('*')) {
      this.#problems.add(range, 'include: * is allowed in the last part of a path only');
      return [];
    }
    const found = filesLike(path).filter((each) => each !== from);
    if (found.length === 0)
      this.#problems.add(range, `include: no file matches ${pattern}`, { hint: `looked for ${path}` });
    return found;
  }

  #isCycle(path: string, chain: readonly string[], range: SourceRange): boolean {
    const isCycle = chain.includes(path);
    if (isCycle)
      this.#problems.add(range, 'include: the file includes itself', { hint: [...chain, path].join(' -> ') });
    return isCycle;
  }
}
