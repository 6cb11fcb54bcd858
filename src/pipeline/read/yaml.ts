import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  Lexer,
  type Pair,
  type ParsedNode,
  parseAllDocuments,
  parseDocument,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { nearest } from '../../kit/names.ts';
import type { Problems } from '../problem.ts';
import { beginOf, lineAndColumn, type SourceFile, type SourceRange } from './source.ts';
import type { Entry, ListTree, MapTree, Scalar, ScalarTree, Tree } from './tree.ts';
import { reportSyntax } from './yaml-problems.ts';

/** How deep maps and lists may be nested. */
const maxDepth = 100;
/** Values in one file, those behind aliases counted each time. */
const maxValues = 100_000;

/**
 * Reads YAML 1.2. Duplicate keys, warnings and everything that YAML would silently ignore are problems. Returns
 * undefined if the file can't be read at all.
 */
export function parseYaml(file: SourceFile, problems: Problems): Tree | undefined {
  if (isTooDeep(file, problems)) return undefined;
  return treeOf(parseDocument(file.text, grammar), file, problems);
}

/** Reads a file of several documents, separated by lines of `---`. Undefined if one of them can't be read at all. */
export function parseYamlDocuments(file: SourceFile, problems: Problems): readonly Tree[] | undefined {
  if (isTooDeep(file, problems)) return undefined;
  const trees = [...parseAllDocuments(file.text, grammar)].map((document) => treeOf(document, file, problems));
  const read = trees.filter((tree) => tree !== undefined);
  return read.length < trees.length ? undefined : read;
}

const grammar = { prettyErrors: false, uniqueKeys: false, schema: 'core' } as const;

function isTooDeep(file: SourceFile, problems: Problems): boolean {
  const tooDeep = nestsTooDeep(file.text);
  if (tooDeep) problems.add(beginOf(file), `nested more than ${maxDepth} levels deep`);
  return tooDeep;
}

function treeOf(document: Document.Parsed, file: SourceFile, problems: Problems): Tree | undefined {
  reportSyntax(file, document, problems);
  if (document.errors.length > 0) return undefined;
  const builder = new TreeBuilder(file, problems, document.warnings.length > 0);
  return builder.build(document.contents, beginOf(file), 0).tree;
}

/** Checks the tokens only, since the parser itself would overflow its stack. */
function nestsTooDeep(text: string): boolean {
  let flow = 0;
  let inLine = 0;
  for (const token of new Lexer().lex(text)) {
    if (token === '[' || token === '{') flow++;
    else if (token === ']' || token === '}') flow = Math.max(0, flow - 1);
    else if (token.includes('\n')) inLine = 0;
    else if (flow === 0 && (token === '-' || token === '?' || token === ':')) inLine++;
    if (flow > maxDepth || inLine > maxDepth) return true;
  }
  return false;
}

interface Built {
  readonly tree: Tree;
  /** Values in it, itself included. */
  readonly size: number;
  /** Levels below it. */
  readonly height: number;
}

/** Makes trees of one document, anchors in the order of the text. */
class TreeBuilder {
  readonly #file: SourceFile;
  readonly #problems: Problems;
  readonly #hasWarnings: boolean;
  readonly #anchors = new Map<string, Built | 'open'>();
  #values = 0;
  #full = false;

  constructor(file: SourceFile, problems: Problems, hasWarnings: boolean) {
    this.#file = file;
    this.#problems = problems;
    this.#hasWarnings = hasWarnings;
  }

  build(node: ParsedNode | null, fallback: SourceRange, depth: number): Built {
    const range = this.#rangeOf(node) ?? fallback;
    if (node === null) return leaf({ kind: 'scalar', at: range, value: null });
    if (isAlias(node)) return this.#alias(node, range, depth);
    if (this.#full || depth > maxDepth) return this.#tooMuch(range, `nested more than ${maxDepth} levels deep`);
    if (++this.#values > maxValues) return this.#tooMuch(range, `more than ${maxValues} values`);
    if (node.anchor) this.#anchors.set(node.anchor, 'open');
    const built = this.#plainNode(node, range, depth);
    if (node.anchor) this.#anchors.set(node.anchor, built);
    return built;
  }

  #plainNode(node: Exclude<ParsedNode, Alias.Parsed>, range: SourceRange, depth: number): Built {
    if (node.tag !== undefined && this.#hasWarnings) return broken(range);
    if (isScalar(node)) return leaf(this.#scalar(node.value, range));
    return isMap(node) ? this.#map(node, range, depth) : this.#list(node, range, depth);
  }

  #scalar(value: unknown, at: SourceRange): ScalarTree {
    if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) {
      const text = this.#file.text.slice(at.start, at.end);
      this.#problems.add(at, `${text} is too large for an integer`, { hint: 'quote it if it is text' });
      return { kind: 'scalar', at, value: '', broken: true };
    }
    if (value === null || ['string', 'number', 'boolean'].includes(typeof value))
      return { kind: 'scalar', at, value: value as Scalar };
    this.#problems.add(at, 'expected text, a number, true, false, a map or a list');
    return { kind: 'scalar', at, value: '', broken: true };
  }

  #list(node: YAMLSeq.Parsed, range: SourceRange, depth: number): Built {
    const items = node.items.map((item) => this.build(item as ParsedNode, range, depth + 1));
    const tree: ListTree = { kind: 'list', at: range, block: node.flow !== true, items: items.map(({ tree }) => tree) };
    return around(tree, items);
  }

  #map(node: YAMLMap.Parsed, range: SourceRange, depth: number): Built {
    const entries = new Map<string, Entry>();
    const values: Built[] = [];
    for (const pair of node.items) {
      const key = this.#key(pair, range, entries);
      const value = this.build(pair.value, key?.range ?? range, depth + 1);
      values.push(value);
      if (key && !entries.has(key.name)) entries.set(key.name, { key: key.range, value: value.tree });
    }
    const tree: MapTree = { kind: 'map', at: range, block: node.flow !== true, entries };
    return around(tree, values);
  }

  #key(pair: Pair<ParsedNode, ParsedNode | null>, map: SourceRange, entries: ReadonlyMap<string, Entry>) {
    const range = this.#rangeOf(pair.key) ?? map;
    const name = isScalar(pair.key) ? this.#keyText(pair.key.value, range) : undefined;
    const first = name === undefined ? undefined : entries.get(name);
    if (name === undefined || name === '__proto__')
      this.#problems.add(range, 'a key must be plain text', { hint: 'quote the value if the brace is text' });
    else if (first)
      this.#problems.add(range, `"${name}" stands here twice`, {
        hint: `the first is in line ${lineAndColumn(first.key).line}`,
      });
    else return { name, range };
    return undefined;
  }

  #keyText(value: unknown, range: SourceRange): string | undefined {
    if (typeof value === 'string') return value;
    return typeof value === 'number' || typeof value === 'boolean'
      ? this.#file.text.slice(range.start, range.end)
      : undefined;
  }

  #alias(node: Alias.Parsed, range: SourceRange, depth: number): Built {
    const target = this.#anchors.get(node.source);
    if (target === undefined) {
      this.#problems.add(range, `there is no anchor &${node.source} above`, {
        hint: () => this.#anchorHint(node.source),
      });
      return broken(range);
    }
    if (target === 'open') {
      this.#problems.add(range, `*${node.source} stands within its own anchor`);
      return broken(range);
    }
    this.#values += target.size;
    if (this.#values > maxValues) return this.#tooMuch(range, `more than ${maxValues} values behind aliases`);
    if (depth + target.height > maxDepth) return this.#tooMuch(range, `nested more than ${maxDepth} levels deep`);
    return target;
  }

  #anchorHint(name: string): string {
    const near = nearest(name, this.#anchors.keys());
    return near ? `did you mean *${near}?` : 'a value that begins with * must be quoted';
  }

  /** Reported once per file: everything after it is the same mistake. */
  #tooMuch(range: SourceRange, text: string): Built {
    if (!this.#full) this.#problems.add(range, text);
    this.#full = true;
    return broken(range);
  }

  #rangeOf(node: ParsedNode | null): SourceRange | undefined {
    if (!node?.range) return undefined;
    const [start, end] = node.range;
    const text = this.#file.text.slice(start, end);
    return end > start ? { file: this.#file, start, end: start + text.trimEnd().length } : undefined;
  }
}

function leaf(tree: ScalarTree): Built {
  return { tree, size: 1, height: 0 };
}

function broken(at: SourceRange): Built {
  return leaf({ kind: 'scalar', at, value: '', broken: true });
}

function around(tree: Tree, parts: readonly Built[]): Built {
  let size = 1;
  let height = 0;
  for (const part of parts) {
    size += part.size;
    height = Math.max(height, part.height + 1);
  }
  return { tree, size, height };
}
