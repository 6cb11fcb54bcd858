import { defineOperator, type FieldType } from '../src/kit/declaration.ts';
import { derive } from '../src/kit/message.ts';
import { perMessage } from '../src/kit/operator.ts';
import { type Dated, type Fields, type FoldKind, fieldsOf, type MergeOperation } from '../src/kit/row.ts';
import { amountField, fieldOf, keyField, numberField, textField } from './support/fields.ts';
import { checkField } from './support/names.ts';

type Merge = MergeOperation['merge'];

/** How one field of the row is made: from which field of the message, and by which it is ordered. */
interface FieldPlan {
  readonly name: string;
  readonly kind: FoldKind;
  readonly from: string;
  readonly by: string | undefined;
}

/** The options of one field, one of which is given: how it combines values. */
const kinds = ['sum', 'highest', 'lowest', 'first', 'last'] as const;

const sources: Readonly<Record<(typeof kinds)[number], readonly FieldType[] | undefined>> = {
  sum: ['number', 'int64', 'decimal'],
  highest: ['number', 'int64', 'decimal', 'date'],
  lowest: ['number', 'int64', 'decimal', 'date'],
  first: undefined,
  last: undefined,
};

/**
 * `aggregate`: one merge operation for each message, which the branch's table folds into one row per key. Each message
 * counts once, and the row comes out the same whatever the order of the messages and however often they are read.
 */
export const aggregate = defineOperator({
  type: 'aggregate',
  summary: 'Turns each message into a change of one row: counts, exact sums, highest, lowest, first and last values.',
  output: 'merges',
  stateless: true,
  options: {
    type: 'object',
    description: 'The row, and how it is updated.',
    additionalProperties: false,
    required: ['key', 'fields'],
    properties: {
      key: {
        type: 'array',
        items: { type: 'string', minLength: 1 },
        minItems: 1,
        uniqueItems: true,
        description:
          "The fields that name the row, in the message and in the table. One is the table's unique field; of several the table has each, and their texts make up its unique field, `as`.",
        examples: [['symbol']],
      },
      as: {
        type: 'string',
        minLength: 1,
        default: 'key',
        description:
          'With several key fields: the unique field of the table, of type string. It gets their texts with `|` between.',
      },
      fields: {
        type: 'object',
        minProperties: 1,
        description:
          'Fields of the row: `count`, or one of `sum`, `highest`, `lowest`, `first` and `last` with the field of the message that it comes from. Sums are exact, of decimals up to 34 digits, of int64 up to 2^53.',
        additionalProperties: {
          type: ['string', 'object'],
          pattern: '^count$',
          expected: '`count`, or one of sum, highest, lowest, first and last with a field of the message',
          additionalProperties: false,
          minProperties: 1,
          properties: {
            sum: { type: 'string', minLength: 1, description: 'The number field whose values are added up.' },
            highest: { type: 'string', minLength: 1, description: 'The number field whose highest value is kept.' },
            lowest: { type: 'string', minLength: 1, description: 'The number field whose lowest value is kept.' },
            first: { type: 'string', minLength: 1, description: 'The field whose first value is kept.' },
            last: { type: 'string', minLength: 1, description: 'The field whose last value is kept.' },
            by: {
              type: 'string',
              minLength: 1,
              description:
                'Of `first` and `last`: the number field that orders the values (for a date: Unix ms); equal ones, and all without it, go by lane, offset and index.',
            },
          },
        },
        examples: [{ trades: 'count', volume: { sum: 'volume' }, open: { first: 'price', by: 'time' } }],
      },
    },
  },
  example: `aggregate:
  key: [symbol]
  fields:
    trades: count
    volume: { sum: volume }
    high: { highest: price }
    open: { first: price, by: time }`,
  shape({ key, as, fields }, input, report) {
    for (const [at, name] of key.entries())
      checkField({ input, report, path: ['key', at] }, name, key.length === 1 ? ['string'] : undefined);
    const names = uniqueNames(key, as);
    for (const [name, how] of Object.entries(fields)) {
      const path = ['fields', name];
      if (names.includes(name)) report(path, `${name} names the row, and can't change`);
      if (typeof how === 'string') continue;
      const given = kinds.filter((kind) => how[kind] !== undefined);
      const [kind] = given;
      if (kind === undefined || given.length > 1) {
        report(path, `expected one of ${kinds.join(', ')}, got ${given.join(', ') || 'none'}`);
        continue;
      }
      checkField({ input, report, path: [...path, kind] }, String(how[kind]), sources[kind]);
      if (how.by === undefined) continue;
      if (kind === 'first' || kind === 'last')
        checkField({ input, report, path: [...path, 'by'] }, how.by, ['number', 'date', 'int64']);
      else report([...path, 'by'], `a ${kind} needs no order`, 'leave out `by`');
    }
    return { merge: 'any' };
  },
  merges({ key, as, fields }) {
    const made = plansOf(fields).map(({ name, kind }) => [name, kind] as const);
    const parts = key.length > 1 ? key.map((name) => [name, 'set_on_insert'] as const) : [];
    return { unique: uniqueNames(key, as)[0] ?? '', fields: Object.fromEntries([...parts, ...made]) };
  },
  create({ key, as, fields }, context) {
    const nameRow = rowNamer(key, as);
    const makers = partMakers(plansOf(fields));
    return perMessage(context, (message) => {
      const given = fieldsOf(message);
      const merge = nameRow(given);
      for (const make of makers) Object.assign(merge, make(given));
      return derive(message, { value: { merge } satisfies MergeOperation });
    });
  },
});

/** The fields that name a row: first the unique one. */
function uniqueNames(key: readonly string[], as: string): readonly string[] {
  return key.length > 1 ? [as, ...key] : key;
}

function plansOf(fields: Readonly<Record<string, unknown>>): readonly FieldPlan[] {
  return Object.entries(fields).map(([name, how]) => {
    if (typeof how === 'string') return { name, kind: 'count', from: '', by: undefined };
    const options = how as Readonly<Record<string, string | undefined>>;
    const kind = kinds.find((each) => options[each] !== undefined) ?? 'last';
    return { name, kind, from: options[kind] ?? '', by: options['by'] };
  });
}

/** Makes the part of an operation that names the row. Keys of several fields are unambiguous. */
function rowNamer(key: readonly string[], as: string): (fields: Fields) => Merge {
  const [only = ''] = key;
  if (key.length === 1) return (fields) => ({ by: { [only]: textField(fields, only) } });
  return (fields) => {
    const parts = Object.fromEntries(key.map((name) => [name, keyField(fields, name)]));
    const texts = Object.values(parts).map((part) => String(part).replaceAll(/[\\|]/g, '\\$&'));
    return { by: { [as]: texts.join('|') }, set_on_insert: parts };
  };
}

/** One part of an operation, made from a message. */
type PartMaker = (fields: Fields) => Partial<Merge>;

/** Functions that make the parts of an operation, one for each kind in use. */
function partMakers(plans: readonly FieldPlan[]): readonly PartMaker[] {
  const count = Object.fromEntries(plans.filter(({ kind }) => kind === 'count').map(({ name }) => [name, 1]));
  const counting: readonly PartMaker[] = Object.keys(count).length > 0 ? [() => ({ count })] : [];
  const others = kinds.flatMap((kind): readonly PartMaker[] => {
    const own = plans.filter((plan) => plan.kind === kind);
    if (own.length === 0) return [];
    const made =
      kind === 'first' || kind === 'last' ? dated : ({ from }: FieldPlan, fields: Fields) => amountField(fields, from);
    return [(fields) => ({ [kind]: Object.fromEntries(own.map((plan) => [plan.name, made(plan, fields)])) })];
  });
  return [...counting, ...others];
}

function dated({ from, by }: FieldPlan, fields: Fields): Dated {
  return { value: fieldOf(fields, from), at: by === undefined ? 0 : numberField(fields, by) };
}
