import { FdpError } from '../errors.ts';
import type { Message } from './message.ts';

/**
 * Plain values: `date` as Unix ms, `int64` as number, `decimal` as plain text, and `_id` as opaque
 * text.
 */
export type Row = Readonly<Record<string, unknown>>;

/** How a field of a row combines with a new value. */
export type FoldKind = 'count' | 'sum' | 'highest' | 'lowest' | 'first' | 'last' | 'set_on_insert';

/** What the operations of an operator do to a row. */
export interface MergeShape {
  /** The field that names the row. */
  readonly unique: string;
  readonly fields: Readonly<Record<string, FoldKind>>;
}

/** A number as a message has it: a decimal may be text. */
export type Amount = number | string;

/** A value that competes with others to be the first or the last. */
export interface Dated {
  readonly value: unknown;
  /** What orders it, as a time; those of the same go by lane, offset and index. */
  readonly at: number;
}

/**
 * A change of one row, made by `aggregate` or `metadata_upsert` and carried out by a table, which
 * folds changes exactly: the row comes out the same whatever their order, however they are split
 * into writes, and however often each is tried.
 */
export interface MergeOperation {
  readonly merge: {
    /** The row: its unique field and value. Made when missing. */
    readonly by: Readonly<Record<string, string>>;
    /** Fields that grow by a number, as a count does. */
    readonly count?: Readonly<Record<string, number>>;
    /**
     * Fields that add up, exactly; of a double, the decimal that its shortest text writes is added.
     */
    readonly sum?: Readonly<Record<string, Amount>>;
    /** Fields that keep the highest value. */
    readonly highest?: Readonly<Record<string, Amount>>;
    /** The old name of `highest`. */
    readonly latest?: Readonly<Record<string, Amount>>;
    /** Fields that keep the lowest value. */
    readonly lowest?: Readonly<Record<string, Amount>>;
    /** Fields that keep the value that is ordered before all others. */
    readonly first?: Readonly<Record<string, Dated>>;
    /** Fields that keep the value that is ordered after all others. */
    readonly last?: Readonly<Record<string, Dated>>;
    /**
     * Fields set when the row is made, and kept: for values that follow from the row's unique
     * value.
     */
    readonly set_on_insert?: Readonly<Record<string, unknown>>;
  };
}

export type Fields = Readonly<Record<string, unknown>>;

/**
 * The message's value as named fields.
 * @throws FDP_MESSAGE_INVALID when it is not an object
 */
export function fieldsOf(message: Message): Fields {
  const { value } = message;
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  const got = value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`;
  throw new FdpError('FDP_MESSAGE_INVALID', `expected an object with named fields, got ${got}`);
}

/**
 * The same fields and one more. Written out: V8 takes several times as long for a spread that is
 * then added to.
 */
export function withField(fields: Fields, name: string, value: unknown): Fields {
  const names = Object.keys(fields);
  // Assigning `__proto__` sets the prototype instead of a field.
  if (name === '__proto__' || names.includes('__proto__')) return { ...fields, [name]: value };
  const all: Record<string, unknown> = {};
  for (const each of names) all[each] = fields[each];
  all[name] = value;
  return all;
}
