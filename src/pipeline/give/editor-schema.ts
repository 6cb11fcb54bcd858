import { unitFormats } from '../../kit/units.ts';

/** JSON Schema as data, for functions that make one from another. */
export type SchemaNode = Readonly<Record<string, unknown>>;

/** Text with a variable, which is filled in from the environment when the pipeline is read. */
const interpolated = '\\$\\{';

/** Keywords that describe a value without constraining it: kept outside when alternatives are added. */
const notes = ['title', 'description', 'default', 'examples', 'deprecated'] as const;

/** Keywords of fdp, or of ajv's formats, that editors don't know. */
const ours: ReadonlySet<string> = new Set(['secret', 'format', 'missingHint', 'expected']);

const scalars: ReadonlySet<unknown> = new Set(['number', 'integer', 'boolean', 'null']);

interface EditorRules {
  /** Options may be null: in an overlay that removes them. */
  readonly nullable?: boolean;
  /** Nothing is filled in: `${...}` is text like any other. */
  readonly literal?: boolean;
}

/**
 * The schema as an editor needs it: wherever a number, boolean, choice or format is expected, text with `${...}` is
 * fine as well; formats become patterns. Descriptions, defaults and examples stay.
 */
export function forEditors(schema: unknown, rules: EditorRules = {}): SchemaNode {
  if (!isSchema(schema)) return {};
  const inner = keywords(schema, rules);
  const types = typesOf(schema);
  const isChoice = 'enum' in schema || 'const' in schema;
  if (!isChoice && types.includes('string')) return textual(schema, inner, rules);
  if (rules.literal) return inner;
  const isScalar = types.length > 0 && types.every((type) => scalars.has(type));
  return isChoice || isScalar ? alternatives(inner, [{ type: 'string', pattern: interpolated }]) : inner;
}

/** A schema with further alternatives beside itself. */
function alternatives(schema: SchemaNode, others: readonly SchemaNode[]): SchemaNode {
  const outer = pick(schema, (key) => notes.some((note) => note === key));
  const rest = pick(schema, (key) => !notes.some((note) => note === key));
  const own = Array.isArray(rest['anyOf']) && Object.keys(rest).length === 1 ? rest['anyOf'] : [rest];
  return { ...outer, anyOf: [...own, ...others] };
}

export function isSchema(value: unknown): value is SchemaNode {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Every schema below this one goes through `forEditors`, whatever keyword holds it. */
function keywords(schema: SchemaNode, rules: EditorRules): SchemaNode {
  const made: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(schema)) {
    if (ours.has(key)) continue;
    if (key === 'properties' || key === 'patternProperties') made[key] = properties(value, rules);
    else if (key === 'additionalProperties' || key === 'items') made[key] = below(value, rules);
    else if (key === 'oneOf' || key === 'anyOf') made['anyOf'] = below(value, rules);
    else if (key === 'allOf') made[key] = below(value, rules);
    else made[key] = value;
  }
  if (schema['secret'] === true) made['writeOnly'] = true;
  return made;
}

function below(value: unknown, rules: EditorRules): unknown {
  if (Array.isArray(value)) return value.map((item) => forEditors(item, rules));
  return isSchema(value) ? forEditors(value, rules) : value;
}

function properties(value: unknown, rules: EditorRules): SchemaNode {
  if (!isSchema(value)) return {};
  const entries = Object.entries(value).map(([name, schema]) => {
    const made = forEditors(schema, rules);
    return [name, rules.nullable ? orNull(made) : made] as const;
  });
  return Object.fromEntries(entries);
}

function orNull(schema: SchemaNode): SchemaNode {
  if (typeof schema['type'] === 'string') return { ...schema, type: [schema['type'], 'null'] };
  return 'anyOf' in schema ? alternatives(schema, [{ type: 'null' }]) : schema;
}

/** Text: its pattern, or that of its format, with `${...}` as the other possibility; lengths count only without it. */
function textual(schema: SchemaNode, inner: SchemaNode, { literal = false }: EditorRules): SchemaNode {
  const unit = Object.entries(unitFormats).find(([name]) => name === schema['format'])?.[1];
  const pattern = unit?.pattern.source ?? schema['pattern'];
  const { maxLength: _, ...rest } = inner;
  const own = literal ? inner : rest;
  if (typeof pattern !== 'string') return own;
  const message = unit ? { patternErrorMessage: `expected ${unit.expected}` } : {};
  return { ...own, pattern: literal ? pattern : `(?:${pattern})|${interpolated}`, ...message };
}

function typesOf(schema: SchemaNode): readonly unknown[] {
  const type = schema['type'];
  if (type === undefined) return [];
  return Array.isArray(type) ? type : [type];
}

function pick(schema: SchemaNode, keep: (key: string) => boolean): SchemaNode {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => keep(key)));
}
