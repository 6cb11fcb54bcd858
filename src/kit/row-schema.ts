import type { FieldType, Shape } from './declaration.ts';

const types: Readonly<Record<FieldType, object>> = {
  string: { type: ['string', 'null'] },
  number: { type: ['number', 'null'] },
  boolean: { type: ['boolean', 'null'] },
  date: { type: ['number', 'null'], description: 'Unix ms.' },
  decimal: {
    type: ['string', 'null'],
    description: 'A decimal number, as text so that no digit is lost.',
    examples: ['196.38'],
  },
  int64: { type: ['integer', 'null'] },
  any: {},
};

/** The JSON Schema of a row with these fields; a field that the store has no value for is null, or left out. */
export function rowSchema(shape: Shape): Readonly<Record<string, unknown>> {
  if (shape === undefined) return { type: 'object' };
  const properties = Object.fromEntries(Object.entries(shape).map(([name, type]) => [name, types[type]]));
  return { type: 'object', additionalProperties: false, properties };
}
