import type { JSONSchema } from 'json-schema-to-ts';
import { stringify } from 'yaml';
import { unitFormats } from '../../kit/units.ts';

/** One option of a component, as `fdp list` and the reference show it. */
export interface OptionRow {
  /**
   * Names from the component's options to this one; `<name>` stands for names of the user's choice, empty for the
   * options themselves.
   */
  readonly path: readonly string[];
  /** `integer 1..1000`, `duration`, `list of string`, `earliest | latest`. */
  readonly type: string;
  readonly required: boolean;
  /** As it would be written in YAML. */
  readonly default: string | undefined;
  readonly description: string;
  /** As they would be written in YAML. */
  readonly examples: readonly string[];
}

type Node = Readonly<Record<string, unknown>>;

/** Every option of a schema, nested ones after the one that holds them. */
export function optionRows(schema: JSONSchema): readonly OptionRow[] {
  if (!isNode(schema)) return [];
  const below = rowsBelow(schema, []);
  const isNamed = 'properties' in schema || 'additionalProperties' in schema;
  return isNamed ? below : [row(schema, [], true), ...below];
}

/** A value on one line of YAML. */
function asYaml(value: unknown): string {
  return stringify(value, {
    collectionStyle: 'flow',
    lineWidth: 0,
    flowCollectionPadding: !Array.isArray(value),
  }).trim();
}

/** Options inside a map, a list of maps, or any of several forms. */
function rowsBelow(schema: Node, path: readonly string[]): readonly OptionRow[] {
  const required = Array.isArray(schema['required']) ? schema['required'] : [];
  const rows = Object.entries(isNode(schema['properties']) ? schema['properties'] : {}).flatMap(([name, option]) =>
    rowsOf(option, [...path, name], required.includes(name)),
  );
  const others = schema['additionalProperties'];
  if (isNode(others)) {
    const named = rowsOf(others, [...path, '<name>'], false);
    const saysMore = path.length === 0 || named.length > 1 || named.some((row) => row.description !== '');
    if (saysMore) rows.push(...named);
  }
  if (isNode(schema['items'])) rows.push(...rowsBelow(schema['items'], path));
  return withoutRepeats([...rows, ...forms(schema).flatMap((form) => rowsBelow(form, path))]);
}

function rowsOf(option: unknown, path: readonly string[], required: boolean): readonly OptionRow[] {
  if (!isNode(option)) return [];
  const own = row(option, path, required);
  return [own, ...rowsBelow(option, path)];
}

function row(option: Node, path: readonly string[], required: boolean): OptionRow {
  const examples = Array.isArray(option['examples']) ? option['examples'].map(asYaml) : [];
  return {
    path,
    type: typeWords(option),
    required,
    default: 'default' in option ? asYaml(option['default']) : undefined,
    description: typeof option['description'] === 'string' ? option['description'] : '',
    examples,
  };
}

function withoutRepeats(rows: readonly OptionRow[]): OptionRow[] {
  const seen = new Set<string>();
  return rows.filter((row) => {
    const path = row.path.join('.');
    return !seen.has(path) && seen.add(path);
  });
}

function typeWords(schema: Node): string {
  if (schema['secret'] === true) return 'secret';
  if (Array.isArray(schema['enum'])) return schema['enum'].map(String).join(' | ');
  if ('const' in schema) return String(schema['const']);
  const alternatives = forms(schema).map(typeWords);
  if (alternatives.length > 0) return [...new Set(alternatives)].join(' or ');
  const { type, format } = schema;
  if (typeof format === 'string' && (format in unitFormats || format === 'path' || format === 'expression'))
    return format;
  if (format === 'name-or-path') return 'name or path';
  if (Array.isArray(type)) return type.map((one) => typeWords({ ...schema, type: one })).join(' or ');
  if (type === 'array') return `list${ofWhat(schema['items'])}`;
  if (type === 'object') return `map${ofWhat(schema['additionalProperties'])}`;
  if (type === 'integer' || type === 'number') return `${type}${range(schema)}`;
  return typeof type === 'string' ? type : 'any value';
}

function ofWhat(schema: unknown): string {
  return isNode(schema) ? ` of ${typeWords(schema)}` : '';
}

function range({ minimum, maximum, exclusiveMinimum }: Node): string {
  if (minimum !== undefined && maximum !== undefined) return ` ${minimum}..${maximum}`;
  if (minimum !== undefined) return ` >= ${minimum}`;
  if (exclusiveMinimum !== undefined) return ` > ${exclusiveMinimum}`;
  return maximum === undefined ? '' : ` <= ${maximum}`;
}

/** The alternatives that define a value, not only which options must be given together. */
function forms(schema: Node): readonly Node[] {
  return ['anyOf', 'oneOf'].flatMap((key) => {
    const alternatives = schema[key];
    if (!Array.isArray(alternatives)) return [];
    return alternatives
      .filter(isNode)
      .filter((form) => ['type', 'enum', 'const', 'anyOf', 'oneOf'].some((word) => word in form));
  });
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
