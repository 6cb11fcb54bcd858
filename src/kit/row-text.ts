/** The fields of a file and their types, in order. */
export type Columns = readonly (readonly [field: string, type: string])[];

export const textFormats = ['csv', 'ndjson'] as const;
export type TextFormat = (typeof textFormats)[number];

/** The media type of each format. */
export const textMediaTypes: Readonly<Record<TextFormat, string>> = {
  csv: 'text/csv; charset=utf-8; header=present',
  ndjson: 'application/x-ndjson; charset=utf-8',
};

type Row = Readonly<Record<string, unknown>>;

/** Writes rows as the text of a file. */
export interface RowText {
  /** What the file begins with. */
  readonly head: string;
  /** The lines of rows, each with its line feed. */
  lines(rows: readonly Row[]): string;
}

/**
 * The text of rows. A date becomes RFC 3339, a decimal stays its text: no digit is lost. `csv` is RFC 4180 with line feeds: a
 * missing value is empty, a list is its JSON, and a text that a spreadsheet would run as a formula gets an apostrophe before it.
 * `ndjson` is one JSON object per line, with every text as it is.
 */
export function rowText(format: TextFormat, columns: Columns): RowText {
  if (format === 'ndjson') return { head: '', lines: (rows) => rows.map((row) => objectLine(row, columns)).join('') };
  const head = `${columns.map(([field]) => cell(field)).join(',')}\n`;
  const line = (row: Row) => `${columns.map((column) => cell(shown(row, column))).join(',')}\n`;
  return { head, lines: (rows) => rows.map(line).join('') };
}

function objectLine(row: Row, columns: Columns): string {
  return `${JSON.stringify(Object.fromEntries(columns.map((column) => [column[0], shown(row, column)])))}\n`;
}

const number = /^-?\d+(\.\d+)?$/;

function cell(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  const isFormula = /^[=+\-@\t\r]/.test(text) && typeof value === 'string' && !number.test(text);
  const safe = isFormula ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function shown(row: Row, [field, type]: Columns[number]): unknown {
  const value = row[field] ?? null;
  return type === 'date' && typeof value === 'number' ? new Date(value).toISOString() : value;
}
