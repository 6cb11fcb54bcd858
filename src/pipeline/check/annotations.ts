import type { JSONSchema } from 'json-schema-to-ts';
import type { Path } from '../read/tree.ts';

type SchemaObject = Exclude<JSONSchema, boolean> & { readonly secret?: boolean; readonly missingHint?: string };

/** Calls `visit` with every schema that describes a value, or something within it, and that value. */
export function eachAnnotated(
  schema: JSONSchema,
  value: unknown,
  visit: (schema: SchemaObject, value: unknown, path: Path) => void,
  path: Path = [],
): void {
  if (typeof schema !== 'object') return;
  visit(schema, value, path);
  for (const branch of unionBranches(schema)) eachAnnotated(branch, value, visit, path);
  if (Array.isArray(value)) {
    for (const [at, item] of value.entries()) {
      const below = childSchema(schema, at);
      if (below !== undefined) eachAnnotated(below, item, visit, [...path, at]);
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, member] of Object.entries(value)) {
      const below = childSchema(schema, key);
      if (below !== undefined) eachAnnotated(below, member, visit, [...path, key]);
    }
  }
}

/** All schemas that describe the value at a path, those of unions included. */
function schemasAt(schema: JSONSchema, path: Path): SchemaObject[] {
  if (typeof schema !== 'object') return [];
  const own = [schema as SchemaObject];
  const all = own.concat(unionBranches(schema).flatMap((branch) => schemasAt(branch, [])));
  const [step, ...rest] = path;
  if (step === undefined) return all;
  return all.flatMap((each) => {
    const below = childSchema(each, step);
    return below === undefined ? [] : schemasAt(below, rest);
  });
}

/** True when the value at a path, or something around it, must not be shown. */
export function isSecret(schema: JSONSchema, path: Path): boolean {
  return path.some((_, length) => schemasAt(schema, path.slice(0, length + 1)).some(({ secret }) => secret === true));
}

/** The schema's hint for a value whose variable is not set. */
export function missingHint(schema: JSONSchema, path: Path): string | undefined {
  return schemasAt(schema, path).find((each) => each.missingHint !== undefined)?.missingHint;
}

function unionBranches(schema: SchemaObject): readonly JSONSchema[] {
  return [schema.anyOf, schema.oneOf, schema.allOf].flatMap((branches) => branches ?? []);
}

function childSchema(schema: SchemaObject, step: string | number): JSONSchema | undefined {
  const { properties, additionalProperties, items } = schema;
  if (properties && Object.hasOwn(properties, step)) return properties[step];
  if (Array.isArray(items)) return items[Number(step)];
  if (items !== undefined && /^\d+$/.test(String(step))) return items as JSONSchema;
  return additionalProperties;
}
