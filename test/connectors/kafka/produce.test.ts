import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OutBatch } from '../../../connectors/kafka/client.ts';
import { loadKafkajs } from '../../../connectors/kafka/kafkajs-internals.ts';
import { produceRequest, readProduceResponse, recordBatch } from '../../../connectors/kafka/produce.ts';
import { Reader } from '../../../connectors/kafka/reader.ts';
import { readBatches } from '../../../connectors/kafka/record-batch.ts';

const { checksum } = loadKafkajs();
const load = createRequire(import.meta.url);
const kafkajsRecord = load('kafkajs/src/protocol/recordBatch/record/v0');
const kafkajsBatch = load('kafkajs/src/protocol/recordBatch/v0').RecordBatch;

const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constant('é'.repeat(70)));
const record = fc.record({
  timestamp: fc.nat({ max: 2 ** 42 }),
  key: fc.option(text),
  value: fc.oneof(text, fc.uint8Array()),
});
const batches = fc.record({
  partition: fc.nat({ max: 1000 }),
  producer: fc.record({ id: fc.nat({ max: 2 ** 40 }), epoch: fc.nat({ max: 32_767 }) }),
  sequence: fc.nat(),
  records: fc.array(record, { minLength: 1, maxLength: 200 }),
});

/** What kafkajs itself would send. */
async function byKafkajs({ producer, sequence, records }: OutBatch): Promise<Buffer> {
  const times = records.map(({ timestamp }) => timestamp);
  const firstTimestamp = Math.min(...times);
  const encoded = records.map(({ key, value, timestamp }, offsetDelta) =>
    kafkajsRecord({ key, value: Buffer.from(value), offsetDelta, timestampDelta: timestamp - firstTimestamp }),
  );
  const batch = await kafkajsBatch({
    ...{ firstTimestamp, maxTimestamp: Math.max(...times), firstSequence: sequence, records: encoded },
    ...{ producerId: String(producer.id), producerEpoch: producer.epoch, lastOffsetDelta: records.length - 1 },
  });
  return batch.buffer;
}

describe('a batch for kafka', () => {
  it('has the bytes that kafkajs gives it', async () => {
    await fc.assert(
      fc.asyncProperty(batches, async (batch) => {
        expect(recordBatch(batch, checksum).equals(await byKafkajs(batch))).toBe(true);
      }),
    );
  });

  it('is read as it was written', () => {
    fc.assert(
      fc.property(batches, (batch) => {
        const [read] = readBatches(recordBatch(batch, checksum));
        const written = batch.records.map(({ timestamp, key, value }, offset) => {
          return {
            offset,
            timestamp,
            key: key === null ? null : Buffer.from(key).toString(),
            value: Buffer.from(value),
          };
        });
        expect(read?.records).toEqual(written);
      }),
    );
  });
});

describe('a request that writes', () => {
  it('has every batch with its partition', () => {
    const parcels = [
      { partition: 3, bytes: Buffer.from('three') },
      { partition: 0, bytes: Buffer.from('none') },
    ];
    const reader = new Reader(produceRequest('ticks', parcels, 1000));
    expect([reader.int16(), reader.int16(), reader.int32(), reader.int32()]).toEqual([-1, -1, 1000, 1]);
    expect(reader.string(reader.int16())).toBe('ticks');
    const read = reader.array(reader.int32(), () => {
      return { partition: reader.int32(), bytes: reader.bytes(reader.int32()) };
    });
    expect(read).toEqual(parcels);
    expect(reader.left).toBe(0);
  });

  it('has an outcome for each of them', () => {
    const partition = (number: number, code: number, offset: number) => {
      const bytes = Buffer.alloc(30);
      bytes.writeInt32BE(number);
      bytes.writeInt16BE(code, 4);
      bytes.writeBigInt64BE(BigInt(offset), 6);
      return bytes;
    };
    const head = Buffer.concat([Buffer.from([0, 0, 0, 1, 0, 5]), Buffer.from('ticks'), Buffer.from([0, 0, 0, 2])]);
    const answer = Buffer.concat([head, partition(3, 0, 2 ** 40), partition(0, 10, -1), Buffer.alloc(4)]);
    expect([...readProduceResponse(answer)]).toEqual([
      [3, { error: 0, offset: 2 ** 40 }],
      [0, { error: 10, offset: -1 }],
    ]);
  });
});
