import type { BasicType, ColumnSource, SchemaElement } from 'hyparquet-writer';
import type { Row } from '../../kit/row.ts';
import { type Columns, rowText, type TextFormat, textFormats } from '../../kit/row-text.ts';

export const exportFormats = [...textFormats, 'parquet'] as const;
export type ExportFormat = (typeof exportFormats)[number];

export interface ExportFlags {
  readonly symbol?: string;
  /** `field=value` conditions, all of which must be true. */
  readonly where?: readonly string[];
  readonly by?: string;
  readonly from?: string;
  readonly to?: string;
  readonly format: ExportFormat;
  /** The file to write; the standard output unless given. */
  readonly output?: string;
}

/** Rows of a group in a Parquet file. */
const groupSize = 50_000;

/** Rows as the bytes of a file, a chunk at a time. */
export function encode(
  format: ExportFormat,
  columns: Columns,
  pages: AsyncIterable<readonly Row[]>,
): AsyncGenerator<string | Uint8Array> {
  return format === 'parquet' ? parquet(columns, pages) : text(format, columns, pages);
}

async function* text(
  format: TextFormat,
  columns: Columns,
  pages: AsyncIterable<readonly Row[]>,
): AsyncGenerator<string> {
  const { head, lines } = rowText(format, columns);
  if (head) yield head;
  for await (const rows of pages) yield lines(rows);
}

const parquetTypes: Readonly<Record<string, BasicType>> = {
  string: 'STRING',
  decimal: 'STRING',
  date: 'TIMESTAMP',
  int64: 'INT64',
  double: 'DOUBLE',
  boolean: 'BOOLEAN',
  strings: 'JSON',
};

/** Loaded on demand. Written in groups of rows, so that memory is bounded. */
async function* parquet(columns: Columns, pages: AsyncIterable<readonly Row[]>): AsyncGenerator<Uint8Array> {
  const { ByteWriter, ParquetWriter, schemaFromColumnData } = await import('hyparquet-writer');
  const columnData = (rows: readonly Row[]): ColumnSource[] =>
    columns.map(([name, type]) => ({
      ...{ name, type: parquetTypes[type] ?? 'JSON', nullable: true },
      data: rows.map((row) => parquetValue(row[name] ?? null, type)),
    }));
  const schema: SchemaElement[] = schemaFromColumnData({ columnData: columnData([]) });
  const bytes = new ByteWriter();
  const writer = new ParquetWriter({ writer: bytes, schema, createdBy: 'fdp' });
  const written = () => {
    const chunk = new Uint8Array(bytes.buffer.slice(0, bytes.index));
    bytes.index = 0;
    return chunk;
  };
  for await (const rows of groups(pages)) {
    await writer.write({ columnData: columnData(rows), rowGroupSize: groupSize });
    yield written();
  }
  await writer.finish();
  yield written();
}

async function* groups(pages: AsyncIterable<readonly Row[]>): AsyncGenerator<readonly Row[]> {
  let held: Row[] = [];
  for await (const rows of pages) {
    held = held.concat(rows);
    while (held.length >= groupSize) yield held.splice(0, groupSize);
  }
  if (held.length > 0) yield held;
}

function parquetValue(value: unknown, type: string): unknown {
  if (value === null) return null;
  if (type === 'date') return new Date(Number(value));
  return type === 'int64' ? BigInt(Number(value)) : value;
}
