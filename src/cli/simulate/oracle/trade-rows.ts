import { decimalText } from '../../../kit/decimal.ts';
import type { Row } from '../../../kit/row.ts';
import { type Judgement, shortText, type Violation } from './judgement.ts';
import { FirstOfKey, type KeptTable } from './kept-table.ts';
import type { Piece } from './trades.ts';

/**
 * Compares trades with the rows of a table that has a unique field, one after the other: each of them has to be there once, with
 * its values, and nothing else.
 */
export class TradeRows {
  readonly #branch: string;
  readonly #table: KeptTable;
  readonly #unique: string;
  readonly #fields: readonly (readonly [name: string, type: string])[] | undefined;
  readonly #first: FirstOfKey;
  readonly #lost: unknown[] = [];
  readonly #violations: Violation[] = [];
  #expected = 0;

  constructor(branch: string, table: KeptTable, unique: string) {
    this.#branch = branch;
    this.#table = table;
    this.#unique = unique;
    this.#fields = table.fields && Object.entries(table.fields);
    this.#first = new FirstOfKey(table);
  }

  take({ fields }: Piece): void {
    const key = fields[this.#unique];
    if (!this.#first.take(key)) return;
    this.#expected++;
    const row = this.#table.rows.get(this.#table.idOf(key));
    if (row) this.#compare(fields, row.values);
    else this.#lost.push(key);
  }

  judgement(content: () => readonly Row[]): Judgement {
    for (const { id, values } of this.#table.rows.values()) {
      if (this.#first.has(id)) continue;
      const isAgain = this.#first.has(this.#table.idOf(values[this.#unique]));
      if (isAgain) this.#report('are there twice', `is there twice: ${shortText(values)}`);
      else this.#report('are there that should not be', `should not be there: ${shortText(values)}`);
    }
    for (const key of this.#lost) this.#report('are lost', `is lost: ${shortText(key)}`);
    const [branch, expected, violations] = [this.#branch, this.#expected, this.#violations];
    return { branch, what: 'trades', expected, violations, content };
  }

  #compare(fields: Row, values: Row): void {
    const wrong: string[] = [];
    for (const [name, type] of this.#fields ?? Object.keys(fields).map((each) => [each, ''] as const))
      if (!isKept(fields[name], type, values[name])) wrong.push(name);
    if (wrong.length === 0) return;
    const changes = wrong.map((name) => `${name} is ${shortText(values[name])}, expected ${shortText(fields[name])}`);
    this.#report('differ', `${String(fields[this.#unique])}: ${changes.join('; ')}`);
  }

  #report(problem: string, text: string): void {
    this.#violations.push({ kind: `${this.#branch}: trades ${problem}`, text: `${this.#branch}: ${text}` });
  }
}

/** Whether a table keeps a value as it should: decimals as text, lists as JSON. What a trade does not have is not looked at. */
function isKept(value: unknown, type: string, kept: unknown): boolean {
  if (value === undefined) return true;
  if (type === 'decimal' && (typeof value === 'number' || typeof value === 'string'))
    return decimalText(value) === kept;
  return typeof value === 'object' ? JSON.stringify(value) === kept : value === kept;
}
