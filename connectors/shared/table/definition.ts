import type { JSONSchema } from 'json-schema-to-ts';
import type { Report } from '../../../src/kit/declaration.ts';
import { type SortField, sortField } from '../../../src/kit/lookup.ts';
import type { FoldKind, MergeShape } from '../../../src/kit/row.ts';
import { durationMs, sizeBytes } from '../../../src/kit/units.ts';

export type ColumnType = 'string' | 'decimal' | 'date' | 'int64' | 'double' | 'boolean' | 'strings';

/** The family's common options, as every table connector has them. */
export interface TableOptions {
  readonly fields?: Readonly<Record<string, ColumnType>>;
  readonly unique?: string;
  readonly indexes?: readonly (readonly string[])[];
  readonly expire?: string;
  readonly keep?: string;
  readonly max_size?: string;
}

/** Options of tables that remember what they have removed, so that a replay does not store it again. */
export const keepOptions = {
  keep: {
    type: 'string',
    format: 'duration',
    description: 'Rows stored longer ago are removed, a few at a time, and not stored again. Not for counters.',
    examples: ['30d'],
  },
  max_size: {
    type: 'string',
    format: 'size',
    description:
      'Maximum size of the content of the file. Beyond it the oldest rows of this table are removed and not stored again, except the last 500. The file reuses the space and does not shrink. Not for counters.',
    examples: ['2GiB'],
  },
} as const satisfies Record<string, JSONSchema>;

/** The content of a table. Without `fields` a row is any JSON object, kept whole. */
export interface TableDefinition {
  /** The connector's name, for messages. */
  readonly name: string;
  readonly fields: Readonly<Record<string, ColumnType>> | undefined;
  readonly unique: string | undefined;
  readonly indexes: readonly (readonly SortField[])[];
  readonly expireMs: number | undefined;
  /** Rows stored longer ago are removed. */
  readonly keepMs?: number | undefined;
  /** The oldest rows are removed while the table is larger. */
  readonly maxBytes?: number | undefined;
}

export function readTable(name: string, options: TableOptions): TableDefinition {
  return {
    name,
    fields: options.fields,
    unique: options.unique,
    indexes: (options.indexes ?? []).map((fields) => fields.map(sortField)),
    expireMs: options.expire === undefined ? undefined : durationMs(options.expire),
    keepMs: options.keep === undefined ? undefined : durationMs(options.keep),
    maxBytes: options.max_size === undefined ? undefined : sizeBytes(options.max_size),
  };
}

/** True if the table's oldest rows are removed over time. */
export function isTrimmed({ keepMs, maxBytes }: TableDefinition): boolean {
  return keepMs !== undefined || maxBytes !== undefined;
}

/** Why a table with these options can't hold counters, or not counters with these operations; undefined if it can. */
export function whyNoCounters(options: TableOptions, shape?: MergeShape): string | undefined {
  const { unique, keep, max_size } = options;
  if (unique === undefined) return 'they need a field that identifies the row: set `unique`';
  if (keep !== undefined || max_size !== undefined) return 'they are kept forever: leave out `keep` and `max_size`';
  return shape && whyNoFold(options, shape);
}

/** The field type that an operation needs. */
const wantedTypes: Readonly<Record<Exclude<FoldKind, 'first' | 'last' | 'set_on_insert'>, readonly ColumnType[]>> = {
  count: ['int64', 'double', 'decimal', 'date'],
  sum: ['int64', 'double', 'decimal'],
  highest: ['int64', 'double', 'decimal', 'date'],
  lowest: ['int64', 'double', 'decimal', 'date'],
};

/** The field types that an operation works on; undefined for all. */
export function typesFor(kind: FoldKind): readonly ColumnType[] | undefined {
  return kind === 'first' || kind === 'last' || kind === 'set_on_insert' ? undefined : wantedTypes[kind];
}

function whyNoFold({ fields, unique }: TableOptions, shape: MergeShape): string | undefined {
  if (shape.unique !== unique) return `they name their rows by ${shape.unique}, and those of the table by ${unique}`;
  if (!fields) return undefined;
  for (const [field, kind] of Object.entries(shape.fields)) {
    const type = fields[field];
    const types = typesFor(kind);
    if (type === undefined) return `the table has no field ${field}`;
    if (types && !types.includes(type)) return `${field} is a ${type}, and its ${kind} needs ${types.join(' or ')}`;
  }
  return undefined;
}

/** Reports mistakes that the schema can't express: undeclared names, reserved names. */
export function checkTable(options: TableOptions, report: Report): void {
  const { fields } = options;
  const words = Object.keys(fields ?? {});
  for (const field of words)
    if (field.startsWith('_'))
      report(
        ['fields', field],
        `expected a name that does not begin with \`_\`, got "${field}"`,
        'such names are reserved for fdp',
      );
  if (!fields) return;
  const known = `one of ${words.join(', ')}`;
  if (options.unique !== undefined && !Object.hasOwn(fields, options.unique))
    report(['unique'], `expected ${known}, got "${options.unique}"`);
  for (const [nth, index] of (options.indexes ?? []).entries())
    for (const [inner, text] of index.entries()) {
      const { field } = sortField(text);
      if (field !== '_id' && !Object.hasOwn(fields, field))
        report(['indexes', nth, inner], `expected _id or ${known}, got "${field}"`);
    }
}
