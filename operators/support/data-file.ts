import { readdirSync, readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { Ajv, type AnySchema, type ErrorObject } from 'ajv';
import type { JSONSchema } from 'json-schema-to-ts';
import { isNode, LineCounter, parseDocument } from 'yaml';
import { errorText, FdpError } from '../../src/errors.ts';
import type { Report } from '../../src/kit/declaration.ts';
import { packageRoot } from '../../src/kit/package-root.ts';
import { show } from './expression-functions.ts';
import { unknownName } from './names.ts';

type Path = readonly (string | number)[];

/** A kind of data that operators name in their options: shipped files by name, the user's own by path. */
export interface DataKind<T> {
  /** `calendar` */
  readonly what: string;
  /** Where in the package the shipped files are. */
  readonly folder: string;
  /** Of the file; each field has a description, and `expected` where a pattern would say too little. */
  readonly schema: JSONSchema;
  /** Mistakes that a schema can't find. */
  check(data: T, report: (path: Path, text: string) => void): void;
}

/** Fields that each kind of data file has. */
export const dataFields = {
  name: { type: 'string', minLength: 1, description: 'The market, as a person calls it.' },
  source: {
    type: ['string', 'array'],
    items: { type: 'string' },
    description: 'Where it was taken from: a text, or a list of texts.',
  },
} as const satisfies Record<string, JSONSchema>;

const ajv = new Ajv({
  allErrors: true,
  strict: true,
  allowUnionTypes: true,
  verbose: true,
  useDefaults: true,
  keywords: ['expected'],
  validateSchema: false,
  code: { optimize: false },
});
const maxProblems = 5;

/** Shipped files that were read: `validate` asks for a calendar for each operator that has one. */
const shipped = new Map<string, unknown>();

/**
 * Reads a data file, and checks it; a shipped one once.
 *
 * @param source the name of a shipped file without its ending, or an absolute path
 * @throws FDP_SPEC_INVALID when there is no such file, or something in it is wrong: with path and line of each mistake
 */
export function readData<T>(kind: DataKind<T>, source: string): T {
  if (isAbsolute(source)) return readFile(kind, source);
  const path = shippedFile(kind, source);
  const data = (shipped.get(path) as T | undefined) ?? readFile(kind, path);
  shipped.set(path, data);
  return data;
}

function readFile<T>(kind: DataKind<T>, path: string): T {
  const lines = new LineCounter();
  const document = parseDocument(textOf(kind, path), { lineCounter: lines, prettyErrors: false });
  const problems: string[] = [];
  const add = (offset: number, text: string) => problems.push(`${path}:${lines.linePos(offset).line}: ${text}`);
  const report = (at: Path, text: string) => {
    const where = at.reduce<string>((all, step) => (all === '' ? String(step) : `${all}.${step}`), '');
    add(offsetOf(document, at), where === '' ? text : `${where}: ${text}`);
  };
  for (const error of document.errors) add(error.pos[0], `YAML: ${error.message}`);
  const data: unknown = problems.length > 0 ? undefined : document.toJS();
  if (problems.length === 0) {
    const validate = ajv.compile(kind.schema as AnySchema);
    if (validate(data)) kind.check(data as T, report);
    else for (const error of validate.errors ?? []) describe(error, report);
  }
  if (problems.length > 0) throw unfit(problems);
  return data as T;
}

/** The result of `read`, or undefined after its error was reported at the option that names the file. */
export function checkData<R>(report: Report, path: Path, read: () => R): R | undefined {
  try {
    return read();
  } catch (error) {
    report(path, errorText(error));
    return undefined;
  }
}

function shippedFile({ what, folder }: Pick<DataKind<unknown>, 'what' | 'folder'>, name: string): string {
  const path = join(packageRoot(), folder);
  const names = readdirSync(path).map((file) => file.replace(/\.yml$/, ''));
  if (names.includes(name)) return join(path, `${name}.yml`);
  const { text, hint } = unknownName(what, name, names);
  throw new FdpError('FDP_SPEC_INVALID', `${text} (${hint}; one of your own is named by its path: ./${name}.yml)`);
}

function textOf({ what }: Pick<DataKind<unknown>, 'what'>, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new FdpError('FDP_SPEC_INVALID', `the ${what} can't be read: ${errorText(cause)}`, { cause });
  }
}

/** Where a value begins in the file, or its parent if it is missing. */
function offsetOf(document: ReturnType<typeof parseDocument>, path: Path): number {
  for (let length = path.length; length >= 0; length--) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}

function describe(error: ErrorObject, report: (path: Path, text: string) => void): void {
  const { keyword, params, parentSchema, data } = error;
  const path = error.instancePath
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  if (keyword === 'required') {
    const name = String(params['missingProperty']);
    report(path, `lacks "${name}": ${parentSchema?.['properties']?.[name]?.description}`);
  } else if (keyword === 'additionalProperties') {
    const name = String(params['additionalProperty']);
    const { hint } = unknownName('field', name, Object.keys(parentSchema?.['properties'] ?? {}));
    report([...path, name], `unknown field (${hint})`);
  } else if (error.propertyName !== undefined) {
    report([...path, error.propertyName], `expected ${parentSchema?.['expected']} as the name`);
  } else if (keyword !== 'propertyNames') {
    const { expected, enum: choices, type } = parentSchema ?? {};
    report(path, `expected ${expected ?? choices?.join(' or ') ?? type ?? error.message}, got ${show(data)}`);
  }
}

function unfit(problems: readonly string[]): FdpError {
  const more = problems.length - maxProblems;
  const shown = problems.slice(0, maxProblems).join('; ');
  return new FdpError('FDP_SPEC_INVALID', more > 0 ? `${shown}; and ${more} more` : shown);
}
