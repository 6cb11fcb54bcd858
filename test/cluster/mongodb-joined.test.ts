import fc from 'fast-check';
import { Decimal128, type Document, Double, Long } from 'mongodb';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { alike, type Statement, together } from '../../connectors/mongodb/update-many.ts';
import { type MongoWorld, mongoWorld } from '../support/mongo/world.ts';
import { onServices } from '../support/services/cluster.ts';

const symbols = ['$A', 'B', 'C.d'];
const mark = (lane: string, offset: number) => ({
  l: lane,
  o: Long.fromNumber(offset),
  i: 0,
  t: new Date(offset),
  k: '$k',
});

/** A row as it is stored: its closing price and marks may not be those that a change was made from. */
const rows = fc.array(
  fc.record({
    close: fc.constantFrom('$was', null, undefined),
    count: fc.constantFrom<unknown>(Long.fromNumber(3), new Double(0.5)),
    high: fc.constantFrom(Decimal128.fromString('4.50'), undefined),
    low: fc.constantFrom(5, undefined),
    offsets: fc.array(fc.constantFrom(1, 2), { minLength: 1, maxLength: 3 }),
  }),
  { minLength: 3, maxLength: 3 },
);
const changes = fc.uniqueArray(
  fc.record({
    symbol: fc.constantFrom(...symbols, 'missing'),
    add: fc.nat(5),
    raise: fc.nat(9),
    lower: fc.nat(9),
    was: fc.constantFrom('$was', null, 'other'),
    close: fc.constantFrom('$B', 'x'),
    offset: fc.constantFrom(1, 2),
  }),
  { minLength: 1, maxLength: 4, selector: ({ symbol }) => symbol },
);
type Row = typeof rows extends fc.Arbitrary<(infer R)[]> ? R : never;
type Change = typeof changes extends fc.Arbitrary<(infer C)[]> ? C : never;

function documentOf({ offsets, ...fields }: Row, index: number): Document {
  return {
    _id: index,
    symbol: symbols[index],
    ...fields,
    _marks: offsets.map((offset, at) => mark(`l/${at}`, offset)),
  };
}

/** Raises the mark at `at`, or sets all of them. */
function statementOf({ symbol, add, raise, lower, was, close, offset }: Change, at: number | undefined): Statement {
  const [path, from, to] =
    at === undefined
      ? ['_marks', [mark('l/0', offset)], [mark('l/0', 9)]]
      : [`_marks.${at}`, mark(`l/${at}`, offset), mark(`l/${at}`, 9)];
  return {
    q: { symbol: { $eq: symbol }, close: { $eq: was }, [path]: { $eq: from } },
    u: {
      $set: { close, [path]: to },
      $inc: { count: Long.fromNumber(add) },
      $max: { high: Decimal128.fromString(String(raise)) },
      $min: { low: lower },
    },
  };
}

onServices('mongodb', (services) => {
  let world: MongoWorld;
  beforeEach(async () => {
    world = await mongoWorld(services.mongo);
  });
  afterEach(() => world.dispose());

  /** What statements make of documents. */
  async function outcome(documents: readonly Document[], updates: readonly (Statement | Document)[]) {
    const collection = world.db.collection('rows');
    await collection.deleteMany({});
    await collection.insertMany(
      documents.map((document) => ({ ...document })),
      { ignoreUndefined: true },
    );
    const { nModified, writeErrors } = await world.db.command({ update: 'rows', updates, ordered: false });
    const after = await collection.find({}, { promoteValues: false }).sort({ _id: 1 }).toArray();
    return { nModified, writeErrors, after: after.map((document) => Object.entries(document).sort()) };
  }

  it('statements joined into one do what each does by itself, where it still applies', async () => {
    const places = fc.constantFrom(undefined, 0, 1, 2);
    const sameAsAlone = fc.asyncProperty(rows, changes, places, async (rows, changes, at) => {
      const documents = rows.map(documentOf);
      const statements = changes.map((change) => statementOf(change, at));
      expect(await outcome(documents, [together(statements)])).toEqual(await outcome(documents, statements));
    });
    await fc.assert(sameAsAlone, { numRuns: 200 });
  });

  it('fits into one statement, however long the texts are that are joined', async () => {
    const keys = Array.from({ length: 500 }, (_, key) => `S${key}`);
    const statements = keys.map((key) => ({ q: { symbol: { $eq: key } }, u: { $set: { text: '€'.repeat(8188) } } }));
    expect(alike(statements, (one) => one)).toHaveLength(1);
    const documents = keys.map((symbol) => ({ symbol }));
    expect(await outcome(documents, [together(statements)])).toMatchObject({ nModified: 500 });
  });

  it('adds to a number only: to nothing, null would come of it', async () => {
    const statements = symbols.map((symbol) => ({ q: { symbol: { $eq: symbol } }, u: { $inc: { count: 2 } } }));
    const documents = [{ count: 1 }, { count: null }, {}].map((row, index) => ({ symbol: symbols[index], ...row }));
    const { nModified } = await outcome(documents, [together(statements)]);
    const stored = await world.db.collection('rows').find().project({ _id: 0 }).toArray();
    expect(nModified).toBe(1);
    expect(stored).toEqual([{ symbol: '$A', count: 3 }, { symbol: 'B', count: null }, { symbol: 'C.d' }]);
  });
});
