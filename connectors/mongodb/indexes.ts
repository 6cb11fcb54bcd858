import type { Document } from 'mongodb';
import { errorText, FdpError } from '../../src/errors.ts';
import type { TableDefinition } from '../shared/table/definition.ts';
import type { MongoTarget } from './client.ts';
import { codeOf, duplicateKey, noNamespace } from './errors.ts';

/** The parts of a collection that its indexes need. */
interface Collection {
  readonly target: MongoTarget;
  readonly definition: TableDefinition;
  command(command: Document, signal: AbortSignal): Promise<Document>;
}

interface Index {
  readonly key: Readonly<Record<string, 1 | -1>>;
  readonly unique?: true;
  readonly expireAfterSeconds?: number;
}

/** Options that an existing index must not have: they would leave rows out, or treat different values as equal. */
const narrowing = ['partialFilterExpression', 'sparse', 'collation', 'wildcardProjection'];
const maxExpireSeconds = 2_147_483_647;

/**
 * Makes the collection's indexes where they are missing.
 * @throws FDP_STORE_DIFFERS with a solution, if the stored documents make them impossible
 */
export async function prepareIndexes(collection: Collection, signal: AbortSignal): Promise<void> {
  await checkKind(collection, signal);
  const existing = await listIndexes(collection, signal);
  for (const index of wantedIndexes(collection.definition)) {
    const found = existing.find(
      ({ key }) => JSON.stringify(Object.entries(key)) === JSON.stringify(Object.entries(index.key)),
    );
    if (!found) await createIndex(collection, index, signal);
    else if (!fits(found, index)) throw differentIndex(collection, found);
    else if (found['expireAfterSeconds'] !== index.expireAfterSeconds) await changeExpiry(collection, index, signal);
  }
}

function wantedIndexes({ unique, indexes, expireMs }: TableDefinition): readonly Index[] {
  const wanted: Index[] = indexes.map((fields) => ({
    key: Object.fromEntries(fields.map(({ field, descending }) => [field, descending ? -1 : 1])),
  }));
  const isIdOnly = ({ key }: Index) => Object.keys(key).join() === '_id';
  const all = wanted.filter((index) => !isIdOnly(index));
  if (unique !== undefined && unique !== '_id') {
    const same = all.findIndex(({ key }) => key[unique] === 1 && Object.keys(key).length === 1);
    if (same >= 0) all.splice(same, 1);
    all.unshift({ key: { [unique]: 1 }, unique: true });
  }
  if (expireMs !== undefined) {
    const seconds = Math.min(maxExpireSeconds, Math.max(1, Math.ceil(expireMs / 1000)));
    all.push({ key: { _at: 1 }, expireAfterSeconds: seconds });
  }
  return all;
}

async function checkKind(collection: Collection, signal: AbortSignal): Promise<void> {
  const { target, definition } = collection;
  const list = { listCollections: 1, filter: { name: target.collection }, nameOnly: true, authorizedCollections: true };
  const reply = await collection.command({ ...list, cursor: {} }, signal);
  const type = reply['cursor'].firstBatch[0]?.type ?? 'collection';
  if (type === 'collection') return;
  const what = type === 'timeseries' ? 'a time-series collection, which keeps no unique field' : `a ${type}`;
  throw differs(collection, `is ${what}`, definition.unique === undefined ? undefined : takeOver(collection));
}

async function listIndexes(collection: Collection, signal: AbortSignal): Promise<readonly Document[]> {
  try {
    const reply = await collection.command({ listIndexes: collection.target.collection, cursor: {} }, signal);
    return reply['cursor'].firstBatch;
  } catch (error) {
    if (codeOf(error) === noNamespace || codeOf((error as Error).cause) === noNamespace) return [];
    throw error;
  }
}

function fits(found: Document, index: Index): boolean {
  if (narrowing.some((option) => found[option] !== undefined && found[option] !== false)) return false;
  const isTtl = (one: Document | Index) => one['expireAfterSeconds' as keyof typeof one] !== undefined;
  if (isTtl(found) !== isTtl(index)) return false;
  return index.unique ? found['unique'] === true : !found['unique'];
}

async function createIndex(collection: Collection, index: Index, signal: AbortSignal): Promise<void> {
  const name = Object.entries(index.key)
    .map(([field, direction]) => `${field}_${direction}`)
    .join('_');
  try {
    const indexes = [{ ...index, name }];
    await collection.command({ createIndexes: collection.target.collection, indexes }, signal);
  } catch (error) {
    if (error instanceof FdpError && error.fault !== 'permanent') throw error;
    const duplicates = [error, (error as Error).cause].some((one) => codeOf(one) === duplicateKey);
    if (!duplicates) throw differs(collection, `can't have the index ${name}: ${errorText(error)}`);
    const what = `holds rows of the same ${collection.definition.unique}, or without one: ${errorText(error)}`;
    throw differs(collection, what, takeOver(collection));
  }
}

async function changeExpiry(collection: Collection, index: Index, signal: AbortSignal): Promise<void> {
  const { key: keyPattern, expireAfterSeconds } = index;
  const change = { collMod: collection.target.collection, index: { keyPattern, expireAfterSeconds } };
  await collection.command(change, signal);
}

function differentIndex(collection: Collection, { name }: Document): FdpError {
  const drop = `db.getCollection(${JSON.stringify(collection.target.collection)}).dropIndex(${JSON.stringify(name)})`;
  return differs(collection, `has an index ${name} with other options`, `drop it in mongosh, ${drop}`);
}

/** A command that makes a collection with one row for each value of the unique field. */
function takeOver({ target, definition }: Collection): string {
  const { unique = '' } = definition;
  const joined = `${target.collection}_new`;
  const stages = [
    { $group: { _id: { $ifNull: [`$${unique}`, { $toString: '$_id' }] }, row: { $first: '$$ROOT' } } },
    { $replaceWith: { $mergeObjects: ['$row', { [unique]: '$_id' }] } },
    { $out: joined },
  ];
  const run = `db.getCollection(${JSON.stringify(target.collection)}).aggregate(${JSON.stringify(stages)}, {"allowDiskUse":true})`;
  return `take its rows over in mongosh, ${run}, and give \`collection: ${joined}\``;
}

function differs(
  { target, definition }: Collection,
  what: string,
  wayOut = 'give another `collection` or other `indexes`',
): FdpError {
  const where = `${target.address.hosts}: ${target.database}.${target.collection}`;
  return new FdpError('FDP_STORE_DIFFERS', `${definition.name}: ${where} ${what}: ${wayOut}`);
}
