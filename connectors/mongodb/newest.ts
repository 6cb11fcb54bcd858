import { ObjectId } from 'mongodb';
import type { Collection } from './collection.ts';

/** Documents that the server scans at once. */
const step = 100_000;

/**
 * The offset of a lane's last stored document, by its id; -1 if there is none. No index has the lanes:
 * the collection is searched from its end, in short steps.
 */
export async function newestOffset(collection: Collection, lane: string): Promise<number> {
  const { signal } = new AbortController();
  const first = async (filter: object, more: object) => {
    const find = { find: collection.target.collection, filter, sort: { _id: -1 }, limit: 1, ...more };
    return (await collection.command(find, signal))['cursor'].firstBatch[0];
  };
  for (let before = new ObjectId('f'.repeat(24)); ; ) {
    const edge = await first({ _id: { $lt: before } }, { skip: step, projection: { _id: 1 } });
    const range = edge ? { $lt: before, $gte: edge['_id'] } : { $lt: before };
    const found = await first({ _id: range, '_src.l': { $eq: lane } }, { projection: { _src: 1 } });
    if (found) return Number(found['_src'].o);
    if (!edge) return -1;
    before = edge['_id'];
  }
}
