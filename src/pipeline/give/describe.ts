import type { JSONSchema } from 'json-schema-to-ts';
import { Document, isScalar, type Node, Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import { completeSettings } from '../check/settings.ts';
import { shownPath } from '../problem.ts';
import { lineAndColumn, type SourceRange } from '../read/source.ts';
import { asMap, type Path, type Tree, valueAt } from '../read/tree.ts';
import type { BranchSpec, OperatorSpec, RoleName, Spec, TopologySpec, UseSpec } from '../spec.ts';
import { type Mask, secretsOf } from './secrets.ts';

/** The origin of a value that is in no file. */
const byDefault = 'default';

/**
 * The resolved pipeline as YAML: defaults filled in, secrets masked, and after each value its origin: its position
 * (relative to `folder`), the variables that it was made from, or `default`.
 */
export function describeConfig(spec: Spec, folder: string): string {
  const page = new Page(spec, folder);
  const root = new YAMLMap();
  set(root, 'name', page.leaf(spec.name, spec.nameTree, {}));
  if (spec.plugins.length > 0) set(root, 'plugins', page.plugins());
  set(root, 'settings', page.value(spec.settings.value, spec.settings.tree, { schema: completeSettings }));
  set(root, 'connectors', page.connectors());
  set(root, 'topologies', page.topologies());
  const document = new Document(root);
  document.commentBefore = ` profile: ${spec.profile ?? 'none'}`;
  return document.toString({ lineWidth: 0 });
}

interface Described {
  readonly schema?: JSONSchema;
  readonly path?: Path;
}

/** Makes YAML nodes of one spec's values. */
class Page {
  readonly #spec: Spec;
  readonly #folder: string;
  readonly #mask: Mask;

  constructor(spec: Spec, folder: string) {
    this.#spec = spec;
    this.#folder = folder;
    this.#mask = secretsOf(spec);
  }

  plugins(): YAMLSeq {
    return list(
      this.#spec.plugins.map(({ name, range }) => {
        const scalar = new Scalar(name);
        scalar.comment = ` ${this.#locationOf(range)}`;
        return scalar;
      }),
    );
  }

  connectors(): YAMLMap {
    const all = new YAMLMap();
    for (const { name, entry, declaration, options } of this.#spec.connectors.values()) {
      const node = this.value(options, entry.value, { schema: declaration?.options ?? {} });
      const type = this.leaf(declaration?.type ?? '', valueAt(entry.value, ['type']), {});
      if (node instanceof YAMLMap) node.items.unshift(new Pair(new Scalar('type'), type));
      set(all, name, node);
    }
    return all;
  }

  topologies(): YAMLMap {
    const all = new YAMLMap();
    for (const topology of this.#spec.topologies.values()) set(all, topology.name, this.#topology(topology));
    return all;
  }

  #topology(topology: TopologySpec): YAMLMap {
    const node = new YAMLMap();
    const tree = topology.entry.value;
    const { source, operators, branches, routes, deadLetter } = topology;
    if (topology.description !== '')
      set(node, 'description', this.leaf(topology.description, valueAt(tree, ['description']), {}));
    set(node, 'autostart', this.leaf(topology.autostart, valueAt(tree, ['autostart']), {}));
    set(node, 'dead_letter', this.#name(deadLetter));
    if (topology.guarantee)
      set(node, 'guarantee', this.leaf(topology.guarantee.level, valueAt(tree, ['guarantee']), {}));
    if (source) set(node, 'source', this.#use(source, 'source'));
    if (operators.length > 0) set(node, 'operators', this.#operators(operators));
    if (branches.length > 0) set(node, 'sinks', list(branches.map((branch) => this.#branch(branch))));
    if (routes.length > 0) {
      const all = new YAMLMap();
      for (const route of routes) set(all, route.route, this.#operators(route.operators));
      set(node, 'routes', all);
    }
    return node;
  }

  #name(use: UseSpec | undefined): Scalar {
    const scalar = new Scalar(use?.connector?.name ?? 'none');
    scalar.comment = ` ${use ? this.#locationOf(use.range) : byDefault}`;
    return scalar;
  }

  #use(use: UseSpec, role: RoleName): YAMLMap {
    const schema = use.connector?.declaration?.[role]?.options ?? {};
    const node = this.value(use.usage, asMap(use.tree), { schema });
    const map = node instanceof YAMLMap ? node : new YAMLMap();
    map.items.unshift(new Pair(new Scalar('connector'), this.#name(use)));
    return map;
  }

  #branch({ name, sink, after, bestEffort, operators }: BranchSpec): YAMLMap {
    const node = this.#use(sink, 'sink');
    set(node, 'name', this.leaf(name, valueAt(asMap(sink.tree), ['name']), {}));
    if (after) set(node, 'after', this.leaf(after.name, valueAt(sink.tree, ['after']), {}));
    set(node, 'best_effort', this.leaf(bestEffort, valueAt(asMap(sink.tree), ['best_effort']), {}));
    if (operators.length > 0) set(node, 'operators', this.#operators(operators));
    return node;
  }

  #operators(operators: readonly OperatorSpec[]): YAMLSeq {
    return list(
      operators.map(({ type, tree, declaration, options }) => {
        const node = new YAMLMap();
        set(node, type, this.value(options, tree, { schema: declaration?.options ?? {} }));
        return node;
      }),
    );
  }

  /** Any value, with the tree that it came from. */
  value(value: unknown, tree: Tree | undefined, described: Described): Node {
    const { path = [] } = described;
    const below = (step: string | number) => ({ ...described, path: [...path, step] });
    if (Array.isArray(value)) return list(value.map((item, at) => this.value(item, valueAt(tree, [at]), below(at))));
    if (typeof value !== 'object' || value === null) return this.leaf(value, tree, described);
    const node = new YAMLMap();
    for (const [key, member] of Object.entries(value))
      set(node, key, this.value(member, valueAt(tree, [key]), below(key)));
    return node;
  }

  leaf(value: unknown, tree: Tree | undefined, { schema = {}, path = [] }: Described): Scalar {
    const scalar = new Scalar(typeof value === 'string' ? this.#mask(value, schema, path) : value);
    scalar.comment = ` ${this.#origin(tree)}`;
    return scalar;
  }

  #origin(tree: Tree | undefined): string {
    if (tree === undefined) return byDefault;
    const location = this.#locationOf(tree.at);
    if (tree.kind !== 'scalar') return location;
    if (tree.missing) return `${location}, ${tree.missing.text}`;
    const { variables } = this.#spec;
    const named = (tree.variables ?? []).map((name) => (variables.get(name) ? name : `${name} (not set)`));
    return [location, ...named].join(', ');
  }

  #locationOf(range: SourceRange): string {
    const { line, column } = lineAndColumn(range);
    return `${shownPath(range.file.path, this.#folder)}:${line}:${column}`;
  }
}

function set(map: YAMLMap, key: string, value: Node): void {
  map.items.push(new Pair(new Scalar(key), value));
}

/** A list; one of plain text stays on its lines, each with its origin. */
function list(items: readonly Node[]): YAMLSeq {
  const node = new YAMLSeq();
  node.items.push(...items);
  node.flow = items.length === 0 && !items.some(isScalar);
  return node;
}
