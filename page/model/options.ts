/** An option of a node as text. */
export type OptionLine = readonly [name: string, text: string];

/** The options of a node by name; a value that is not an object is one unnamed line. */
export function optionLines(options: unknown): readonly OptionLine[] {
  if (options === undefined) return [];
  if (typeof options !== 'object' || options === null || Array.isArray(options)) return [['', flow(options)]];
  return Object.entries(options).map(([name, value]) => [name, flow(value)]);
}

/** A value as YAML writes it in one line: `{ field: data, as: { symbol: s } }`. */
function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const entries = Object.entries(value).map(([name, inner]) => `${name}: ${flow(inner)}`);
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
}
