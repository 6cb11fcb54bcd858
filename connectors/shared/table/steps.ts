import { FdpError } from '../../../src/errors.ts';
import { fitsStores, parseDecimal, sumDigits } from '../../../src/kit/decimal.ts';
import type { Message } from '../../../src/kit/message.ts';
import { coordinatesOf } from '../../../src/kit/origin.ts';
import type { Dated, FoldKind, MergeOperation } from '../../../src/kit/row.ts';
import { type ColumnType, type TableDefinition, typesFor } from './definition.ts';
import { type StoredValue, storedValue, wrongType } from './values.ts';

type Merge = MergeOperation['merge'];

/** What orders the values of `first` and `last`. */
export type Order = readonly [at: number, lane: string, offset: number, index: number];

/** One message's change to one field. */
export interface Step {
  readonly field: string;
  readonly kind: FoldKind;
  readonly type: ColumnType;
  readonly value: StoredValue;
  /** Of `first` and `last`. */
  readonly order: Order | undefined;
}

/** The parts of a merge operation, and what each does to its fields. */
const kinds: ReadonlyMap<string, FoldKind> = new Map([
  ['count', 'count'],
  ['latest', 'highest'],
  ['sum', 'sum'],
  ['highest', 'highest'],
  ['lowest', 'lowest'],
  ['first', 'first'],
  ['last', 'last'],
  ['set_on_insert', 'set_on_insert'],
]);

/** @throws FDP_MESSAGE_REFUSED if a part names an unsuitable field, or has a value of another type */
export function stepsOf(definition: TableDefinition, message: Message, merge: Merge): readonly Step[] {
  const steps: Step[] = [];
  for (const part in merge) {
    const kind = kinds.get(part);
    const fields = merge[part as keyof Merge];
    if (kind === undefined || fields === undefined) continue;
    for (const field in fields)
      if (kind === 'first' || kind === 'last')
        steps.push(orderedStep(definition, message, { kind, field, given: merge[kind]?.[field] }));
      else steps.push(plainStep(definition, kind, field, fields[field]));
  }
  return steps;
}

function plainStep(definition: TableDefinition, kind: FoldKind, field: string, given: unknown): Step {
  const { fields } = definition;
  const type = fields ? fields[field] : kind === 'set_on_insert' ? anyType(given) : 'double';
  if (type === undefined || typesFor(kind)?.includes(type) === false) throw wrongType(definition, field, given);
  return { field, kind, type, value: fieldValue(definition, field, type, given), order: undefined };
}

function orderedStep(
  definition: TableDefinition,
  message: Message,
  { kind, field, given }: { readonly kind: FoldKind; readonly field: string; readonly given: Dated | undefined },
): Step {
  const { value, at } = given ?? { value: undefined, at: undefined };
  const type = definition.fields ? definition.fields[field] : anyType(value);
  if (type === undefined) throw wrongType(definition, field, value);
  if (typeof at !== 'number' || !Number.isFinite(at))
    throw new FdpError('FDP_MESSAGE_REFUSED', `${definition.name}: ${field}: expected a number to order it by`);
  const { lane, offset, index } = coordinatesOf(message);
  const stored = fieldValue(definition, field, type, value);
  return { field, kind, type, value: stored, order: [at + 0, lane, offset, index] };
}

/** @throws FDP_MESSAGE_REFUSED */
function fieldValue(definition: TableDefinition, field: string, type: ColumnType, given: unknown): StoredValue {
  const stored = storedValue(type, given);
  if (stored === undefined || stored === null || field === definition.unique) throw wrongType(definition, field, given);
  if (type === 'decimal' && !isKept(String(stored))) throw tooLong(definition, field, String(stored));
  return stored;
}

/** Few characters have few digits. */
function isKept(text: string): boolean {
  return text.length <= sumDigits || fitsStores(parseDecimal(text));
}

/** For a table without declared fields: the type of the value itself. */
function anyType(value: unknown): ColumnType | undefined {
  const type = typeof value;
  return type === 'number' ? 'double' : type === 'string' || type === 'boolean' ? type : undefined;
}

/** The error for a decimal of more digits than every store keeps. */
export function tooLong({ name }: TableDefinition, field: string, text: string): FdpError {
  const shown = text.length > 60 ? `${text.slice(0, 60)}...` : text;
  return new FdpError('FDP_MESSAGE_REFUSED', `${name}: ${field}: expected at most ${sumDigits} digits, got ${shown}`);
}
