import { FdpError } from '../../src/errors.ts';
import type { Client, OutBatch } from './client.ts';
import { leaderOf, rangeOf } from './partition.ts';

const fetchBytes = 1024 ** 2;
/** Codes of Kafka that don't pass: the offset is not in the log any more, or must not be read. */
const unknowable = new Set([1, 29]);

/**
 * Looks for a batch in its partition, from an offset to the end, by its producer and its number: brokers recognise a
 * repeated batch only while they remember its producer, and forget those whose newest message is older than a day
 * (producer.id.expiration.ms) when they start and every ten minutes.
 *
 * @returns undefined if it can't be known: the offset was deleted, or the topic must not be read
 * @throws FDP_UNAVAILABLE, FDP_CONNECTION_LOST: for now
 */
export async function isStored(
  client: Client,
  { partition, producer, sequence }: Pick<OutBatch, 'partition' | 'producer' | 'sequence'>,
  from: number,
): Promise<boolean | undefined> {
  const { first, next: end } = await rangeOf(client, partition);
  // A log that ends before it is another one, or was cut: there the batch may be anywhere.
  for (let offset = from <= end ? from : first; offset < end; ) {
    const want = { partition, offset, maxBytes: fetchBytes };
    const [fetched] = await client.fetch(leaderOf(client, partition), [want], 0, 'end');
    if (fetched && unknowable.has(fetched.error)) return undefined;
    if (fetched?.error !== 0 || fetched.next === undefined)
      throw new FdpError('FDP_UNAVAILABLE', `partition ${partition} can't be read at offset ${offset}`);
    if (fetched.batches.some((batch) => batch.producerId === producer.id && batch.sequence === sequence)) return true;
    offset = fetched.next;
  }
  return false;
}
