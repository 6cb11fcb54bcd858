import type { ErrorObject } from 'ajv';
import { nearest } from '../../kit/names.ts';
import { counted } from '../../kit/text.ts';
import { unitFormats } from '../../kit/units.ts';
import { maskedUrls } from '../read/secret-text.ts';

/** A schema's error as text. */
interface Described {
  readonly text: string;
  readonly hint?: string;
  /** The key that is wrong, when it isn't the value. */
  readonly key?: string;
}

interface Manner {
  /** The value is a secret: it must not be repeated. */
  readonly isHidden: boolean;
  /** Environment variables that the value came from. */
  readonly variables: readonly string[];
}

const kinds: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
  null: 'nothing',
};

/** Errors that state the expected value; all others are about keys and counts. */
const phrases: Readonly<Record<string, (error: ErrorObject) => string | undefined>> = {
  anyOf: ({ schema }) => formsPhrase(schema),
  oneOf: ({ schema, params }) => (params['passingSchemas'] ? undefined : formsPhrase(schema)),
  type: ({ params, parentSchema }) => {
    const expected: unknown = parentSchema?.['expected'];
    if (typeof expected === 'string') return expected;
    const format: unknown = params['type'] === 'string' ? parentSchema?.['format'] : undefined;
    if (typeof format === 'string' && format !== 'expression') return formatPhrase(format);
    return orOf([params['type']].flat().map((type) => kinds[String(type)] ?? String(type)));
  },
  enum: ({ params }) => orOf((params['allowedValues'] as readonly unknown[]).map(shown)),
  const: ({ params }) => shown(params['allowedValue']),
  format: ({ params }) => formatPhrase(String(params['format'])),
  pattern: ({ params, parentSchema }) => parentSchema?.['expected'] ?? patternPhrase(parentSchema, params['pattern']),
  minimum: ({ params }) => `at least ${params['limit']}`,
  maximum: ({ params }) => `at most ${params['limit']}`,
  exclusiveMinimum: ({ params }) => `more than ${params['limit']}`,
  exclusiveMaximum: ({ params }) => `less than ${params['limit']}`,
  multipleOf: ({ params }) => `a multiple of ${params['multipleOf']}`,
  minLength: ({ params }) =>
    params['limit'] === 1 ? 'text that is not empty' : `at least ${params['limit']} characters`,
  maxLength: ({ params }) => `at most ${params['limit']} characters`,
};

/** The expected value, `a list`; undefined for an error that isn't about the value itself. */
export function expectedBy(error: ErrorObject): string | undefined {
  return phrases[error.keyword]?.(error);
}

export function isUnion({ keyword }: { readonly keyword: string }): boolean {
  return keyword === 'anyOf' || keyword === 'oneOf';
}

/** One error as text. */
export function describeError(error: ErrorObject, manner: Manner): Described {
  const expected = expectedBy(error);
  if (expected !== undefined) {
    const hint =
      error.data === null
        ? 'quote the text when it holds a character that YAML takes for its own'
        : (meaning(error) ?? whyNoMap(error) ?? whyNoForm(error));
    return { text: `expected ${expected}, got ${got(error.data, manner)}`, ...(hint ? { hint } : {}) };
  }
  return others[error.keyword]?.(error) ?? { text: error.message ?? `wrong by "${error.keyword}"` };
}

/** `key:value`, which YAML takes for text. */
function whyNoMap({ keyword, params, data }: ErrorObject): string | undefined {
  const [, key, value] = (typeof data === 'string' && /^([\w.-]+):(\S.*)$/s.exec(data)) || [];
  if (keyword !== 'type' || params['type'] !== 'object' || key === undefined) return undefined;
  return `a space follows the colon: \`${key}: ${value}\``;
}

/** For a pattern, the option's description, which says more. */
function meaning({ keyword, parentSchema }: ErrorObject): string | undefined {
  const description: unknown = keyword === 'pattern' ? parentSchema?.['description'] : undefined;
  return typeof description === 'string' ? description : undefined;
}

/** Why a map has none of the allowed forms: the errors of each. Shows no value, since it may be a secret. */
function whyNoForm({ data, instancePath, params }: ErrorObject): string | undefined {
  const alternatives: readonly (readonly ErrorObject[])[] | undefined = params['alternatives'];
  if (!alternatives || typeof data !== 'object' || data === null || Array.isArray(data)) return undefined;
  const reasonOf = (error: ErrorObject): string => {
    const option = error.instancePath.slice(instancePath.length + 1).replaceAll('/', '.');
    const expected = expectedBy(error);
    const text = expected === undefined ? others[error.keyword]?.(error).text : `expected ${expected}`;
    return `${option === '' ? '' : `${option}: `}${text ?? 'wrong'}`;
  };
  return alternatives.map((errors) => errors.map(reasonOf).join(', ')).join('; or ');
}

const others: Readonly<Record<string, (error: ErrorObject) => Described>> = {
  required: ({ params, parentSchema, data }) => {
    const name = String(params['missingProperty']);
    const misspelt =
      parentSchema?.['additionalProperties'] === false ? undefined : similarKey(name, parentSchema, data);
    if (misspelt) return { text: `unknown option "${misspelt}"`, hint: `did you mean "${name}"?`, key: misspelt };
    const description: unknown = parentSchema?.['properties']?.[name]?.description;
    return { text: `lacks "${name}"`, ...(typeof description === 'string' ? { hint: `${name}: ${description}` } : {}) };
  },
  additionalProperties: ({ params }) => unknownKey(String(params['additionalProperty'])),
  propertyNames: ({ params, parentSchema }) => ({
    text: `"${params['propertyName']}" can't be used as a name here`,
    hint: `expected ${parentSchema?.['propertyNames']?.expected ?? 'another name'}`,
    key: String(params['propertyName']),
  }),
  minItems: ({ params }) => ({ text: `expected at least ${counted(params['limit'], 'item')}` }),
  maxItems: ({ params }) => ({ text: `expected at most ${counted(params['limit'], 'item')}` }),
  uniqueItems: ({ params, data }) => ({ text: `${shown((data as unknown[])[params['j']])} stands in the list twice` }),
  minProperties: ({ params }) => ({ text: `expected at least ${counted(params['limit'], 'key')}` }),
  maxProperties: ({ params }) => ({ text: `expected at most ${counted(params['limit'], 'key')}` }),
  dependencies: ({ params }) => ({ text: `"${params['property']}" also needs "${params['missingProperty']}"` }),
  oneOf: ({ params, schema }) => {
    if (!params['passingSchemas']) return lacksOneOf(schema);
    const names = namesOf(schema);
    const which = names.length > 0 ? names.join(', ') : 'the forms';
    return { text: `only one of ${which} may be given` };
  },
  anyOf: ({ schema }) => lacksOneOf(schema),
  not: ({ schema }) => ({ text: `${namesOf([schema]).join(' and ')} can't stand together` }),
};

/** An undeclared key that was probably meant to be `name`. */
function similarKey(name: string, schema: ErrorObject['parentSchema'], data: unknown): string | undefined {
  if (typeof data !== 'object' || data === null) return undefined;
  const foreign = Object.keys(data).filter((key) => !Object.hasOwn(schema?.['properties'] ?? {}, key));
  return nearest(name, foreign);
}

function unknownKey(key: string): Described {
  const hint = key === '<<' ? 'merge keys are not understood: anchor the whole value, or write it out' : undefined;
  return { text: `unknown option "${key}"`, key, ...(hint ? { hint } : {}) };
}

function lacksOneOf(alternatives: unknown): Described {
  const names = namesOf(alternatives);
  return { text: names.length > 0 ? `lacks ${orOf(names)}` : 'has none of the forms that are allowed here' };
}

type Form = NonNullable<ErrorObject['parentSchema']>;

/**
 * What the alternatives allow: `a whole number (at least 1) or "none"`; undefined if one of them can't be described.
 */
function formsPhrase(alternatives: unknown): string | undefined {
  const forms = (alternatives as readonly Form[]).map(formPhrase);
  return forms.includes(undefined) ? undefined : orOf(forms.map(String));
}

/** What one schema allows. */
function formPhrase(schema: Form): string | undefined {
  const phrased = (keyword: string): readonly string[] => {
    const value = schema[keyword];
    const params = { [keyword]: value, limit: value, allowedValue: value, allowedValues: value };
    const like = { keyword, instancePath: '', schemaPath: '', params, schema: value, parentSchema: schema };
    const text = value === undefined ? undefined : phrases[keyword]?.(like);
    return text === undefined ? [] : [text];
  };
  const exact = ['const', 'enum'].filter((keyword) => keyword in schema);
  const [kind, ...bounds] = new Set((exact.length > 0 ? exact : ['type', ...Object.keys(schema)]).flatMap(phrased));
  if (kind === kinds['object']) {
    const names = namesOf([schema]);
    return names.length > 0 ? `${kind} with ${names.join(' and ')}` : kind;
  }
  return bounds.length > 0 ? `${kind} (${bounds.join(', ')})` : kind;
}

/** The options that alternatives ask for. */
function namesOf(branches: unknown): string[] {
  const all = Array.isArray(branches) ? branches : [];
  return [...new Set(all.flatMap((branch) => branch?.required ?? []).map((name) => `"${name}"`))];
}

function formatPhrase(format: string): string {
  if (Object.hasOwn(unitFormats, format)) return unitFormats[format as keyof typeof unitFormats].expected;
  if (format === 'date-time') return 'a time such as 2025-11-20T14:30:00Z';
  if (format === 'name-or-path') return 'the name of what is shipped, or the path of a file';
  return format === 'path' ? 'the path of a file' : `text of the format ${format}`;
}

function patternPhrase(schema: ErrorObject['parentSchema'], pattern: unknown): string {
  const example: unknown = schema?.['examples']?.[0];
  return typeof example === 'string' ? `text such as ${shown(example)}` : `text that matches ${pattern}`;
}

/** `a, b or c` */
export function orOf(words: readonly string[]): string {
  const different = [...new Set(words)];
  return different.length < 2 ? (different[0] ?? '') : `${different.slice(0, -1).join(', ')} or ${different.at(-1)}`;
}

function got(value: unknown, { isHidden, variables }: Manner): string {
  const origin = variables.length > 0 ? ` (from ${variables.join(', ')})` : '';
  if (value === null || value === undefined) return `nothing${origin}`;
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'a map';
  return `${isHidden ? `a ${typeof value} that is not shown` : shown(value)}${origin}`;
}

function shown(value: unknown): string {
  const text = JSON.stringify(typeof value === 'string' ? maskedUrls(value) : value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}..."` : text;
}
