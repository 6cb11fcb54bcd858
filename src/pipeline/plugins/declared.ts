import type { ConnectorDeclaration, OperatorDeclaration } from '../../kit/declaration.ts';
import type { FunctionDeclaration } from '../../kit/function.ts';
import { kitVersion, type Stamp, stampOf, takesKit } from '../../kit/stamp.ts';
import { schemaProblem } from '../check/schema.ts';
import { namePattern } from '../check/structure.ts';
import { PluginError } from './mistake.ts';

/** A declaration that a plugin exports. */
export type Declared =
  | { readonly kind: 'operator'; readonly declaration: OperatorDeclaration }
  | { readonly kind: 'connector'; readonly declaration: ConnectorDeclaration }
  | { readonly kind: 'function'; readonly declaration: FunctionDeclaration };

const mostParameters = 6;
const valueTypes: readonly unknown[] = ['number', 'string', 'boolean', 'list', 'map', 'any'];

/**
 * The declarations among the exports of a module, also in lists and in a default export, each once.
 * @throws PluginError if there is none, or one of them can't be used
 */
export function declaredBy(exported: Readonly<Record<string, unknown>>): readonly Declared[] {
  const found = new Set<object>();
  for (const value of Object.values(exported).flatMap(withMembers)) {
    if (stampOf(value)) found.add(value as object);
    else if (looksDeclared(value))
      throw new PluginError(
        `what it exports as "${nameOf(value)}" was not made by defineOperator, defineConnector or defineFunction`,
        "import { defineOperator } from 'fdp'",
      );
  }
  if (found.size === 0)
    throw new PluginError(
      'exports no operator, connector or function',
      "export const spread = defineOperator({ ... }), with import { defineOperator } from 'fdp'",
    );
  return [...found].map((declaration) => checked(declaration, stampOf(declaration)));
}

/** A value; or what is in a list, or in the object that a CommonJS module exports. */
function withMembers(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  const isPlain = typeof value === 'object' && value !== null && !stampOf(value) && !looksDeclared(value);
  return isPlain ? Object.values(value).flatMap((each) => (Array.isArray(each) ? each : [each])) : [value];
}

function looksDeclared(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'create' in value && 'options' in value;
}

function nameOf(declaration: object | unknown): string {
  const { type, name } = declaration as { readonly type?: unknown; readonly name?: unknown };
  return String(type ?? name ?? '').slice(0, 80);
}

function checked(declaration: object, stamp: Stamp | undefined): Declared {
  const { kind, kit } = stamp ?? { kind: 'operator', kit: '' };
  const what = `${kind} "${nameOf(declaration)}"`;
  if (!takesKit(kit)) {
    const isNewer = Number.parseFloat(kit) > Number.parseFloat(kitVersion);
    const hint = `update ${isNewer ? 'fdp, with npm install fdp@latest' : 'the plugin, or the fdp that it imports'}`;
    throw new PluginError(`${what} was made for kit ${kit}, and this is kit ${kitVersion}`, hint);
  }
  const wrong = kind === 'function' ? wrongFunction(declaration) : wrongComponent(kind, declaration);
  if (wrong !== undefined) throw new PluginError(`${what}: ${wrong}`);
  return { kind, declaration } as Declared;
}

/** What is wrong with a declaration in JavaScript, which no compiler has checked; undefined when nothing is. */
function wrongComponent(kind: 'operator' | 'connector', given: object): string | undefined {
  const declaration = given as Partial<Record<string, unknown>> & Partial<ConnectorDeclaration>;
  const { type, create, options, source, sink, lookup } = declaration;
  if (typeof type !== 'string' || !new RegExp(namePattern).test(type))
    return '"type" begins with a letter and has letters, digits, _ and -, at most 63 characters';
  const lacking = ['summary', 'example'].find((key) => typeof declaration[key] !== 'string' || declaration[key] === '');
  if (lacking !== undefined) return `lacks "${lacking}", a text`;
  if (typeof create !== 'function') return 'lacks "create", a function';
  if (kind === 'connector' && !source && !sink && !lookup) return 'has none of "source", "sink" and "lookup"';
  const schemas = { options, ...(kind === 'connector' && { source, sink, lookup }) };
  for (const [key, value] of Object.entries(schemas)) {
    if (key !== 'options' && value === undefined) continue;
    const schema = key === 'options' ? value : (value as { readonly options?: unknown }).options;
    const problem = schemaProblem(schema);
    if (problem !== undefined) return `${key === 'options' ? key : `${key}.options`}: ${problem}`;
  }
  return undefined;
}

function wrongFunction(given: object): string | undefined {
  const { name, summary, parameters, result, examples, call } = given as Partial<Record<string, unknown>>;
  const isName = (text: unknown) => typeof text === 'string' && /^[a-z][A-Za-z0-9_]{0,62}$/.test(text);
  if (!isName(name)) return '"name" begins with a small letter and has letters, digits and _, at most 63 characters';
  if (typeof summary !== 'string' || summary === '') return 'lacks "summary", a text';
  if (typeof parameters !== 'object' || parameters === null) return 'lacks "parameters", such as { price: "number" }';
  const all = Object.entries(parameters);
  if (all.length > mostParameters) return `has ${all.length} parameters, and ${mostParameters} is the most`;
  const wrong = [...all, ['result', result] as const].find(
    ([each, type]) => !isName(each) || !valueTypes.includes(type),
  );
  if (wrong) return `${wrong[0]}: expected one of ${valueTypes.join(', ')}`;
  if (!Array.isArray(examples) || examples.length === 0) return 'lacks "examples", such as [{ of: { ... }, gives: 1 }]';
  return typeof call === 'function' ? undefined : 'lacks "call", a function';
}
