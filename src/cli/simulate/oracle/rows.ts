import { decimalText } from '../../../kit/decimal.ts';
import type { Row } from '../../../kit/row.ts';
import { type Judgement, shortText, type Violation } from './judgement.ts';

export interface RowsRequest {
  readonly branch: string;
  readonly what: string;
  readonly expected: readonly Row[];
  readonly got: readonly unknown[];
  /** The types of the table's fields; undefined: it takes all. */
  readonly fields: Readonly<Record<string, string>> | undefined;
  /** The field that tells rows apart; undefined: rows are compared as they are. */
  readonly unique: string | undefined;
}

/** Compares the rows of a table with those that should be there: each once, with each of the expected fields. */
export function judgeRows(request: RowsRequest): Judgement {
  const { branch, what, got, fields, unique } = request;
  const expected = request.expected.map((row) => asKept(row, fields));
  const violations: Violation[] = [];
  const report = (problem: string, text: string) =>
    violations.push({ kind: `${branch}: ${what} ${problem}`, text: `${branch}: ${text}` });
  const nameOf = (row: Row) => (unique === undefined ? JSON.stringify(row) : String(row[unique]));
  const wanted = new Map<string, Row>();
  for (const row of expected) if (!wanted.has(nameOf(row))) wanted.set(nameOf(row), row);
  const left = new Map(wanted);
  for (const row of got as readonly Row[]) {
    const shown = unique === undefined ? onlyFields(row, expected[0]) : row;
    const name = nameOf(shown);
    const should = wanted.get(name);
    if (!should) report('are there that should not be', `should not be there: ${shortText(row)}`);
    else if (!left.delete(name)) report('are there twice', `is there twice: ${shortText(row)}`);
    else {
      const wrong = Object.keys(should).filter((field) => !isSame(should[field], row[field]));
      const changes = wrong.map(
        (field) => `${field} is ${shortText(row[field])}, expected ${shortText(should[field])}`,
      );
      if (changes.length > 0) report('differ', `${name}: ${changes.join('; ')}`);
    }
  }
  for (const row of left.values()) report('are lost', `is lost: ${shortText(row)}`);
  return { branch, what, expected: wanted.size, violations, content: () => [...wanted.values()] };
}

/** A row as its table keeps it: fields that it does not have are left out, decimals are text. */
function asKept(row: Row, fields: RowsRequest['fields']): Row {
  if (!fields) return row;
  const kept = Object.keys(fields)
    .filter((name) => row[name] !== undefined)
    .map((name) => {
      const value = row[name];
      const isAmount = typeof value === 'number' || typeof value === 'string';
      return [name, fields[name] === 'decimal' && isAmount ? decimalText(value) : value];
    });
  return Object.fromEntries(kept);
}

function onlyFields(row: Row, like: Row | undefined): Row {
  return Object.fromEntries(Object.keys(like ?? row).map((name) => [name, row[name]]));
}

function isSame(expected: unknown, got: unknown): boolean {
  if (typeof expected !== 'object') return expected === got;
  return JSON.stringify(expected) === JSON.stringify(got);
}
