import { suggestion } from '../../kit/names.ts';
import type { SourceRange } from '../read/source.ts';
import { asText, entryRange, isNothing, isUnusable, type MapTree, rangeAt, type Tree, valueAt } from '../read/tree.ts';
import type { NameSpec, OperatorSpec } from '../spec.ts';
import type { Context } from './context.ts';
import { checkTree } from './schema.ts';

/** Where a list of operators stands. */
interface Chain {
  /** `processor`, `GET /api/v1/symbols`: whose operators they are. */
  readonly subject: string;
  /** The key of the list. */
  readonly owner: SourceRange;
  /** Whether it is a route: some operators only work there. */
  readonly inRoute: boolean;
}

/** Reads a list of operators: `- type: options`, or `- type` where no options are needed. */
export function readOperators(list: Tree | undefined, chain: Chain, context: Context): readonly OperatorSpec[] {
  if (list === undefined || isNothing(list) || isUnusable(list)) return [];
  if (list.kind !== 'list') {
    context.problems.add(entryRange({ key: chain.owner, value: list }), 'expected a list of operators', {
      subject: chain.subject,
      hint: 'each begins with a dash: - type: options',
    });
    return [];
  }
  return list.items.flatMap((item) => readItem(item, chain, context) ?? []);
}

function readItem(item: Tree, chain: Chain, context: Context): OperatorSpec | undefined {
  if (isUnusable(item)) return unknownOperator('', item.at);
  const type = asText(item);
  if (type !== undefined) return readOperator({ type, range: item.at, tree: undefined }, chain, context);
  const [first, second] = item.kind === 'map' ? item.entries : [];
  if (!first || second) {
    const text = `expected one operator, got ${second ? `the keys ${keysOf(item)}` : 'none'}`;
    const hint = second
      ? 'indent the options of an operator below it, and begin each operator with a dash'
      : '- type: options';
    context.problems.add(second?.[1].key ?? item.at, text, { subject: chain.subject, hint });
    return unknownOperator('', item.at);
  }
  const [name, { key, value }] = first;
  return readOperator({ type: name, range: key, tree: value }, chain, context);
}

function keysOf(item: Tree): string {
  return item.kind === 'map' ? [...item.entries.keys()].slice(0, 10).join(', ') : '';
}

function unknownOperator(type: string, range: SourceRange): OperatorSpec {
  return { type, range, tree: undefined, declaration: undefined, options: undefined, valid: false, lookups: [] };
}

type Named = Pick<OperatorSpec, 'type' | 'range' | 'tree'>;

function readOperator({ type, range, tree }: Named, chain: Chain, context: Context): OperatorSpec {
  const { problems, operators, folder } = context;
  const declaration = operators.get(type);
  if (!declaration) {
    if (context.allLoaded)
      problems.add(range, `unknown operator "${type}"`, {
        subject: chain.subject,
        hint: () => suggestion(type, operators.keys(), 'operators'),
      });
    return unknownOperator(type, range);
  }
  if (declaration.routesOnly && !chain.inRoute)
    problems.add(range, 'is allowed in routes only', { subject: type, hint: 'routes belong to a source of requests' });
  const options = isNothing(tree) && isObjectSchema(declaration.options) ? undefined : tree;
  const check = { schema: declaration.options, subject: type, owner: range, problems, folder };
  const { value, valid } = checkTree(options, check);
  return { type, range, tree, declaration, options: value, valid, lookups: lookupNames(declaration, tree, range) };
}

function isObjectSchema(schema: unknown): boolean {
  return typeof schema === 'object' && schema !== null && 'type' in schema && schema.type === 'object';
}

function lookupNames(
  declaration: OperatorSpec['declaration'],
  tree: Tree | undefined,
  range: SourceRange,
): readonly NameSpec[] {
  return Object.keys(declaration?.connectors ?? {}).flatMap((option) => {
    const name = asText(valueAt(tree as MapTree | undefined, [option]));
    return name === undefined ? [] : [{ name, range: rangeAt(tree, [option], range) }];
  });
}
