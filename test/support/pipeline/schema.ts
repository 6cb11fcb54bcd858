import { isSchema, type SchemaNode } from '../../../src/pipeline/give/editor-schema.ts';

/** Paths of all properties in a JSON Schema that have no description, neither their own nor one of their reference. */
export function undescribed(root: SchemaNode): string[] {
  const missing: string[] = [];
  const isDescribed = (schema: unknown): boolean => {
    if (!isSchema(schema)) return false;
    if (typeof schema['description'] === 'string') return schema['description'].trim() !== '';
    return typeof schema['$ref'] === 'string' && isDescribed(resolve(root, schema['$ref']));
  };
  const walk = (value: unknown, path: string): void => {
    if (Array.isArray(value)) value.forEach((item, index) => void walk(item, `${path}/${index}`));
    if (!isSchema(value)) return;
    for (const [key, below] of Object.entries(value)) {
      if (key === 'if' || key === 'examples' || key === 'default') continue;
      if (key === 'properties' && isSchema(below)) {
        for (const [name, schema] of Object.entries(below)) {
          if (!isDescribed(schema)) missing.push(`${path}/properties/${name}`);
        }
      }
      walk(below, `${path}/${key}`);
    }
  };
  walk(root, '#');
  return missing;
}

function resolve(root: SchemaNode, reference: string): unknown {
  return reference
    .split('/')
    .slice(1)
    .reduce<unknown>((value, key) => (isSchema(value) ? value[key] : undefined), root);
}
