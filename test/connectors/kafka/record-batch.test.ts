import { describe, expect, it } from 'vitest';
import { maxUnpackedBytes } from '../../../connectors/kafka/codecs.ts';
import { readFetchResponse } from '../../../connectors/kafka/fetch-response.ts';
import { messageFrom } from '../../../connectors/kafka/messages.ts';
import { newRoom, type Room, readBatches } from '../../../connectors/kafka/record-batch.ts';
import { batchesOfJava } from '../../support/kafka/batches.ts';
import { bomb, type Packer } from '../../support/kafka/bombs.ts';

type Codec = keyof typeof batchesOfJava;
const bytesOf = (codec: Codec) => Buffer.from(batchesOfJava[codec], 'base64');
const codecs: readonly Codec[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
const packers: readonly Packer[] = ['gzip', 'snappy', 'xerial', 'lz4', 'zstd'];
/** Where a batch has its codec, and where its records begin. */
const [attributesAt, recordsAt] = [22, 61];

/** The answer to a fetch (version 11) of one partition. */
function answer(
  records: Buffer,
  aborted: readonly { readonly producerId: number; readonly firstOffset: number }[] = [],
) {
  const int16 = (value: number) => Buffer.from([value >> 8, value & 255]);
  const int32 = (value: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(value);
    return bytes;
  };
  const int64 = (value: number) => Buffer.concat([int32(Math.floor(value / 2 ** 32)), int32((value % 2 ** 32) | 0)]);
  const transactions = aborted.flatMap(({ producerId, firstOffset }) => [int64(producerId), int64(firstOffset)]);
  return Buffer.concat([
    ...[int32(0), int16(0), int32(0), int32(1), int16(5), Buffer.from('topic'), int32(1)],
    ...[int32(3), int16(0), int64(12), int64(12), int64(0), int32(aborted.length), ...transactions],
    ...[int32(-1), int32(records.length), records],
  ]);
}

describe('record batches of kafka', () => {
  it.each(codecs)('are read whatever packed them (%s)', (codec) => {
    const [batch, ...more] = readBatches(bytesOf(codec));
    expect(more).toEqual([]);
    expect(batch?.records.map(({ offset, key, timestamp }) => [offset, key, timestamp])).toEqual([
      [0, 'AAPL', 1_763_645_598_585],
      [1, null, 1_763_645_598_586],
      [2, 'AAPL', 1_763_645_598_587],
    ]);
    expect(JSON.parse(String(batch?.records[2]?.value))).toMatchObject({ n: 2 });
  });

  it('that are not whole are left for the next fetch', () => {
    const bytes = bytesOf('lz4');
    for (let length = 0; length < bytes.length; length++) expect(readBatches(bytes.subarray(0, length))).toEqual([]);
    expect(readBatches(Buffer.concat([bytes, bytes.subarray(0, 40)]))).toHaveLength(1);
  });

  it('that are unreadable are reported with their coordinates and bytes, and those after them are read', () => {
    for (const [codec, spoil] of [
      ['none', (bytes: Buffer) => bytes.fill(0xff, recordsAt + 2)],
      ['gzip', (bytes: Buffer) => bytes.fill(0, recordsAt)],
      ['snappy', (bytes: Buffer) => bytes.fill(0xff, recordsAt + 16)],
      ['lz4', (bytes: Buffer) => bytes.fill(0, recordsAt)],
      ['zstd', (bytes: Buffer) => bytes.fill(0, recordsAt)],
      ['none', (bytes: Buffer) => bytes.writeInt16BE(6, attributesAt - 1)],
    ] as const) {
      const bytes = bytesOf(codec);
      spoil(bytes);
      const [first, second] = readBatches(Buffer.concat([bytes, bytesOf('zstd')]));
      expect(first).toMatchObject({ firstOffset: 0, lastOffset: 2, records: [] });
      expect(first?.unreadable?.bytes.equals(bytes)).toBe(true);
      expect(second?.records).toHaveLength(3);
      const { partitions } = readFetchResponse(answer(bytes));
      const [item] = partitions[0]?.items ?? [];
      const message = item && messageFrom(item, { lane: 'lane', topic: 'topic', partition: 3 });
      expect(message?.problem).toMatchObject({ code: 'FDP_MESSAGE_UNREADABLE' });
      expect(message?.problem?.message).toMatch(/^topic-3-0: a batch of 3 messages is unreadable: /);
      expect(message?.meta.offset).toBe(0);
    }
  });

  it.each(packers)(
    'that would unpack to more than they may are named with their bytes, the next is read (%s)',
    (packer) => {
      const bytes = bomb(packer, 3 * maxUnpackedBytes);
      const before = process.memoryUsage();
      const { partitions } = readFetchResponse(answer(Buffer.concat([bytes, bytesOf('zstd')])));
      const after = process.memoryUsage();
      const [item] = partitions[0]?.items ?? [];
      const message = item && messageFrom(item, { lane: 'lane', topic: 'topic', partition: 3 });
      expect(message?.problem?.message).toMatch(/^topic-3-0: a batch of 1 messages is unreadable: .*16777216/);
      expect(message?.raw?.length).toBe(bytes.length);
      expect(after.arrayBuffers + after.heapUsed - before.arrayBuffers - before.heapUsed).toBeLessThan(
        3 * maxUnpackedBytes,
      );
      expect(partitions[0]?.items).toHaveLength(4);
    },
  );

  it.each(packers)('that unpack to nearly as much as they may are read (%s)', (packer) => {
    const bytes = bomb(packer, maxUnpackedBytes - 100);
    const [batch] = readBatches(bytes);
    expect(batch?.unreadable?.problem).toBeUndefined();
    expect(batch?.records[0]?.value?.length).toBe(maxUnpackedBytes - 100);
  });

  it('are unpacked until an answer has enough of them, the first of each answer in any case', () => {
    const bytes = bomb('gzip', 3 * 1024 ** 2);
    const answered = (count: number, room: Room) =>
      readBatches(Buffer.concat(Array.from({ length: count }, () => bytes)), room).length;
    const room = newRoom();
    expect([answered(5, room), answered(5, room), answered(5, room), answered(5, room)]).toEqual([2, 2, 2, 0]);
    expect(answered(5, newRoom())).toBe(2);
  });

  it('in a format that Kafka gave up are named too', () => {
    const bytes = bytesOf('none');
    bytes.writeInt8(1, 16);
    expect(readBatches(bytes)[0]?.unreadable?.problem).toContain('expected record format 2, got 1');
  });

  it('of transactions are given when they were committed, and what ends them never is', () => {
    const bytes = bytesOf('transactions');
    const batches = readBatches(bytes);
    const aborted = batches.find(({ firstOffset }) => firstOffset === 4);
    const producerId = aborted?.producerId ?? 0;
    expect(batches.map(({ control }) => control)).toEqual([undefined, 'other', undefined, 'abort', undefined, 'other']);
    const { partitions } = readFetchResponse(answer(bytes, [{ producerId, firstOffset: 4 }]));
    expect(partitions[0]).toMatchObject({ partition: 3, error: 0, end: 12, next: 12 });
    expect(partitions[0]?.items.map(({ offset }) => offset)).toEqual([0, 1, 2, 8, 9, 10]);
    // Another's transaction was given up: nothing of this one is left out.
    const other = readFetchResponse(answer(bytes, [{ producerId: producerId + 1, firstOffset: 0 }]));
    expect(other.partitions[0]?.items).toHaveLength(9);
  });

  it('may hold tombstones, which are no messages for anybody here', () => {
    const message = messageFrom(
      { offset: 7, timestamp: 1, key: 'A', value: null },
      { lane: 'lane', topic: 'topic', partition: 3 },
    );
    expect(message.problem?.message).toBe('topic-3-7: expected JSON, got a tombstone');
    expect(message).toMatchObject({ key: 'A', meta: { offset: 7 }, extra: { isTombstone: true } });
  });

  it('keep headers, and a key that is no text, for whoever records them', () => {
    const signed = (value: number) => Buffer.of(value < 0 ? -2 * value - 1 : 2 * value);
    const sized = (bytes: Buffer) => Buffer.concat([signed(bytes.length), bytes]);
    const record = Buffer.concat([
      ...[Buffer.of(0), signed(0), signed(0), sized(Buffer.of(0xff, 0x41)), sized(Buffer.from('{}'))],
      ...[signed(2), sized(Buffer.from('trace')), sized(Buffer.of(1)), sized(Buffer.from('none')), signed(-1)],
    ]);
    const bytes = Buffer.concat([bytesOf('none').subarray(0, recordsAt), sized(record)]);
    bytes.writeInt32BE(bytes.length - 12, 8);
    bytes.writeInt32BE(0, 23);
    bytes.writeInt32BE(1, recordsAt - 4);
    const [found] = readBatches(bytes)[0]?.records ?? [];
    if (!found) throw new Error('the batch has no record');
    const { value, extra } = messageFrom(found, { lane: 'lane', topic: 'topic', partition: 0 });
    expect(value).toEqual({});
    expect(extra).toEqual({
      headers: [
        ['trace', Buffer.of(1)],
        ['none', null],
      ],
      keyBytes: Buffer.of(0xff, 0x41),
    });
  });

  it('do not keep the answer that they came in', () => {
    const bytes = bytesOf('none');
    const [batch] = readBatches(bytes);
    const before = String(batch?.records[0]?.value);
    bytes.fill(0);
    expect(String(batch?.records[0]?.value)).toBe(before);
  });
});
