import { FdpError } from '../errors.ts';
import type { Message } from './message.ts';

/** Plain values: `date` as Unix ms, `int64` as number, `decimal` as plain text, and `_id` as opaque text. */
export type Row = Readonly<Record<string, unknown>>;

/** A change of a row's counters, made by `metadata_upsert` and carried out by a table. */
export interface MergeOperation {
  readonly merge: {
    /** The row: its unique field and value. Made when missing. */
    readonly by: Readonly<Record<string, string>>;
    /** Fields that grow by a number. */
    readonly count: Readonly<Record<string, number>>;
    /** Fields that keep the highest value seen. */
    readonly latest: Readonly<Record<string, number>>;
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

/** The same fields and one more. Written out: V8 takes several times as long for a spread that is then added to. */
export function withField(fields: Fields, name: string, value: unknown): Fields {
  const names = Object.keys(fields);
  // An assignment to this one is none.
  if (name === '__proto__' || names.includes('__proto__')) return { ...fields, [name]: value };
  const all: Record<string, unknown> = {};
  for (const each of names) all[each] = fields[each];
  all[name] = value;
  return all;
}
