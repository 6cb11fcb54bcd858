import { resolve } from 'node:path';
import { Ajv, type AnySchema, type ErrorObject, type ValidateFunction } from 'ajv';
import type { JSONSchema } from 'json-schema-to-ts';
import { errorText } from '../../errors.ts';
import { suggestion } from '../../kit/names.ts';
import { unitFormats } from '../../kit/units.ts';
import type { Problems } from '../problem.ts';
import type { SourceRange } from '../read/source.ts';
import { isUnusable, isWhole, keyAt, type Path, plain, rangeAt, type Tree, valueAt } from '../read/tree.ts';
import { eachAnnotated, isSecret } from './annotations.ts';
import { describeError } from './schema-errors.ts';
import { usefulErrors } from './useful-errors.ts';

/** What a part of the pipeline is checked against, and the subject of its messages. */
interface Check {
  readonly schema: JSONSchema;
  /** Begins each message: `trades`, `explode`. */
  readonly subject: string;
  /** The range of the whole, for missing parts. */
  readonly owner: SourceRange;
  /** Keys of the map that are not checked here. */
  readonly omit?: readonly string[];
  readonly problems: Problems;
  /** Folder that paths are relative to. */
  readonly folder: string;
}

interface Checked {
  /** Plain values, defaults filled in, paths absolute. */
  readonly value: unknown;
  /** True if nothing is wrong, missing or broken: only then is the component's own check run. */
  readonly valid: boolean;
}

const textFormats = Object.fromEntries(Object.entries(unitFormats).map(([name, { pattern }]) => [name, pattern]));

const ajv = new Ajv({
  allErrors: true,
  strict: true,
  strictTypes: false,
  strictTuples: false,
  strictRequired: false,
  useDefaults: true,
  verbose: true,
  logger: false,
  // Each is run a few times only, and a command takes a seventh less time; `schemaProblem` looks at the schemas of plugins.
  validateSchema: false,
  code: { optimize: false },
  keywords: ['secret', 'missingHint', 'expected'],
  formats: { ...textFormats, 'date-time': isDateTime, path: /^[^\0]+$/, 'name-or-path': /^[^\0]+$/, expression: true },
});

/** RFC 3339, with the zone. */
function isDateTime(text: string): boolean {
  return (
    /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[-+]\d{2}:\d{2})$/.test(text) && !Number.isNaN(Date.parse(text))
  );
}

/** The most errors that are examined in one value. */
const maxErrors = 500;
/** Values from the environment are text; each round converts those that the schema wants as numbers. */
const maxRounds = 4;

/** Checks a tree against a schema and reports each mistake at the value itself. */
export function checkTree(tree: Tree | undefined, check: Check): Checked {
  const validate = compiled(check.schema);
  let value = plain(tree, check.omit);
  hideSecrets(tree, value, check);
  if ((value === undefined || value === null) && takesObject(check.schema)) value = {};
  const root = { value };
  let errors = run(validate, root);
  for (let round = 0; round < maxRounds && errors.some((error) => coerce(tree, root, error)); round++)
    errors = run(validate, root);
  const found = usefulErrors(errors.slice(0, maxErrors), ({ instancePath }) =>
    isWhole(valueAt(tree, pathOf(instancePath))),
  );
  for (const error of found) report(tree, error, check);
  if (errors.length > 0) return { value: root.value, valid: false };
  makePathsAbsolute(root, check);
  return { value: root.value, valid: isWhole(tree) };
}

/** Hides values that the schema marks as secret; of a URL only the parts that may be secret. */
function hideSecrets(tree: Tree | undefined, value: unknown, { schema, problems }: Check): void {
  eachAnnotated(schema, value, ({ secret }, found, path) => {
    if (secret !== true || (typeof found === 'string' && /^[a-z][a-z0-9+.-]*:\/\//i.test(found))) return;
    const here = valueAt(tree, path);
    if (here) problems.hide(here.at);
  });
}

/** Why something is no JSON Schema that options can be checked with; undefined if it is one. */
export function schemaProblem(schema: unknown): string | undefined {
  if (typeof schema !== 'object' || schema === null) return 'expected a JSON Schema';
  try {
    if (!ajv.validateSchema(schema)) return `schema is invalid: ${ajv.errorsText()}`;
    compiled(schema as JSONSchema);
    return undefined;
  } catch (error) {
    return errorText(error);
  }
}

/** Compiled schemas, one per process. */
function compiled(schema: JSONSchema): ValidateFunction {
  return ajv.compile(schema as AnySchema);
}

function run(validate: ValidateFunction, root: { readonly value: unknown }): readonly ErrorObject[] {
  return validate(root.value) ? [] : (validate.errors ?? []);
}

function takesObject(schema: JSONSchema): boolean {
  return typeof schema === 'object' && schema.type === 'object';
}

/** Converts text from the environment to the expected number or boolean; true if it did. */
function coerce(tree: Tree | undefined, root: { value: unknown }, error: ErrorObject): boolean {
  if (error.keyword !== 'type') return false;
  const path = pathOf(error.instancePath);
  const scalar = valueAt(tree, path);
  if (scalar?.kind !== 'scalar' || !scalar.variables || typeof scalar.value !== 'string' || isUnusable(scalar))
    return false;
  const wanted = [error.params['type']].flat();
  const value = converted(scalar.value.trim(), wanted);
  if (value === undefined || typeof error.data !== 'string') return false;
  replaceAt(root, path, value);
  return true;
}

function converted(text: string, wanted: readonly unknown[]): number | boolean | undefined {
  if (wanted.includes('boolean') && (text === 'true' || text === 'false')) return text === 'true';
  const isNumber = /^[-+]?\d+(\.\d+)?([eE][-+]?\d+)?$/.test(text);
  if (!isNumber || !(wanted.includes('number') || wanted.includes('integer'))) return undefined;
  return wanted.includes('number') || Number.isInteger(Number(text)) ? Number(text) : undefined;
}

/** Sets the value at a path; the path leads through plain maps and lists. */
function replaceAt(root: { value: unknown }, path: Path, value: unknown): void {
  let holder = root as Record<string | number, unknown>;
  let last: string | number = 'value';
  for (const step of path) {
    holder = holder[last] as Record<string | number, unknown>;
    last = step;
  }
  holder[last] = value;
}

function makePathsAbsolute(root: { value: unknown }, { schema, folder }: Check): void {
  eachAnnotated(schema, root.value, (annotated, value, path) => {
    if (typeof value === 'string' && isPath(annotated.format, value)) replaceAt(root, path, resolve(folder, value));
  });
}

/** Shipped data has a name without slash and extension; everything else is the path of a file. */
function isPath(format: string | undefined, value: string): boolean {
  return format === 'path' || (format === 'name-or-path' && !/^[\w-]+$/.test(value));
}

/** A JSON pointer as a path. */
function pathOf(pointer: string): string[] {
  const steps = pointer.split('/').slice(1);
  return steps.map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function report(tree: Tree | undefined, error: ErrorObject, check: Check): void {
  const path = pathOf(error.instancePath);
  const here = valueAt(tree, path);
  if (here && isUnusable(here)) return;
  const subject = [check.subject, ...path].join('.').replace(/\.(\d+)(?=\.|$)/g, '[$1]');
  const isHidden = isSecret(check.schema, path);
  const { text, hint, key } = describeError(error, { isHidden, variables: variablesOf(here) });
  const owner = rangeAt(tree, path, check.owner);
  if (key === undefined) {
    check.problems.add(owner, text, { subject, hint });
    return;
  }
  const handled = path.length === 0 ? (check.omit ?? []) : [];
  const known = [...handled, ...Object.keys(error.parentSchema?.['properties'] ?? {})];
  check.problems.add(keyAt(tree, path, key) ?? owner, text, {
    subject,
    hint: () => hint ?? suggestion(key, known, 'options'),
  });
}

function variablesOf(tree: Tree | undefined): readonly string[] {
  return tree?.kind === 'scalar' ? (tree.variables ?? []) : [];
}
