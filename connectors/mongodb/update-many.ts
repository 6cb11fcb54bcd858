import type { Document } from 'mongodb';
import { isMark, type StoredMark } from './marks.ts';

/** An update of one document, as `updateOf` makes it. */
export interface Statement {
  readonly q: Document;
  readonly u: Document;
}

/** Characters of all texts of a statement: 500 of them must fit into one document of 16 MiB. */
const longest = 8192;
const markPath = /^_marks\.(\d+)$/;
/** Fields of the row itself, and marks. */
const plainPaths = /^( \$?[A-Za-z_]\w*(\.\d+)?)*$/;

/** The statements in groups: those of one differ in their values only, and can be joined. */
export function alike<S>(all: readonly S[], statementOf: (one: S) => Statement): readonly (readonly S[])[] {
  const groups = new Map<string, S[]>();
  const alone: S[][] = [];
  for (const one of all) {
    const shape = shapeOf(statementOf(one));
    const group = shape === undefined ? undefined : groups.get(shape);
    if (group) group.push(one);
    else if (shape === undefined || !plainPaths.test(shape)) alone.push([one]);
    else groups.set(shape, [one]);
  }
  return [...groups.values(), ...alone];
}

/** The names in a statement; undefined if its texts are long. */
function shapeOf({ q, u }: Statement): string | undefined {
  let shape = '';
  let length = 0;
  for (const path in q) {
    length += lengthOf(q[path].$eq);
    shape += ` ${path}`;
  }
  for (const operator in u) {
    shape += ` ${operator}`;
    for (const path in u[operator]) {
      length += lengthOf(u[operator][path]);
      shape += ` ${path}`;
    }
  }
  return length > longest ? undefined : shape;
}

/** Of a text, or of all texts in a list or an object, each of which has a name there. */
function lengthOf(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null || '_bsontype' in value) return 0;
  let length = 0;
  for (const name in value) length += name.length + lengthOf((value as Document)[name]);
  return length;
}

/**
 * Statements that are alike as one: the server finds all documents at once, and each takes its values from lists, at the
 * place where its key stands. Each is changed by itself and under its own condition, or stays as it is, which the reply's
 * `nModified` tells. One statement stays what it is. A document costs the server a third of what a statement of its own does.
 */
export function together(statements: readonly Statement[]): Document {
  const [first] = statements;
  if (!first || statements.length === 1) return first ?? {};
  const { q, u } = first;
  const [unique = '', ...conditions] = Object.keys(q);
  const keys = statements.map(({ q }) => q[unique].$eq);
  const own = (operandOf: (statement: Statement) => unknown) => ownValue(statements.map(operandOf), { unique, keys });
  const holds: Document[] = conditions.map((path) => ({ $eq: [stored(path), own(({ q }) => q[path].$eq)] }));
  const changed: Document = {};
  for (const operator of Object.keys(u))
    for (const path of Object.keys(u[operator])) {
      if (operator === '$inc') holds.push({ $isNumber: `$${path}` });
      const [field, value] = change(
        operator,
        path,
        own(({ u }) => u[operator][path]),
      );
      changed[field] = value;
    }
  const row = { $indexOfArray: [{ $literal: keys }, `$${unique}`] };
  const after = { $cond: [{ $and: holds }, { $mergeObjects: ['$$ROOT', changed] }, '$$ROOT'] };
  return { q: { [unique]: { $in: keys } }, u: [{ $replaceWith: { $let: { vars: { row }, in: after } } }], multi: true };
}

interface Rows {
  readonly unique: string;
  readonly keys: readonly unknown[];
}

/** What each row takes of its values: from a list, unless all take the same, or their key. Marks are taken apart for that. */
function ownValue(values: readonly unknown[], rows: Rows): unknown {
  const [first] = values;
  if (values.every((value) => value === first)) return { $literal: first };
  if (values.every((value, row) => value === rows.keys[row])) return `$${rows.unique}`;
  if (!values.every(isMark)) return { $arrayElemAt: [{ $literal: values }, '$$row'] };
  const of = (part: keyof StoredMark) =>
    ownValue(
      values.map((mark) => mark[part]),
      rows,
    );
  return { l: of('l'), o: of('o'), i: of('i'), t: of('t'), k: of('k') } satisfies Record<keyof StoredMark, unknown>;
}

function stored(path: string): Document {
  const at = markPath.exec(path)?.[1];
  return at === undefined ? { $ifNull: [`$${path}`, null] } : { $arrayElemAt: ['$_marks', Number(at)] };
}

/** A field, and what an operator makes of it. */
function change(operator: string, path: string, operand: unknown): readonly [field: string, value: unknown] {
  const at = Number(markPath.exec(path)?.[1] ?? -1);
  if (at >= 0) {
    const rest = { $slice: ['$_marks', at + 1, 2 ** 31 - 1] };
    return ['_marks', { $concatArrays: [{ $slice: ['$_marks', at] }, [operand], rest] }];
  }
  if (operator === '$set') return [path, operand];
  return [path, { [operator === '$inc' ? '$add' : operator]: [`$${path}`, operand] }];
}
