import { gzipSync } from 'node:zlib';
import { compress as lz4 } from 'lz4js';
import { compress as snappy } from 'snappyjs';
import { loadKafkajs } from '../../../connectors/kafka/kafkajs-internals.ts';
import { recordBatch } from '../../../connectors/kafka/produce.ts';
import { Writer } from '../../../connectors/kafka/writer.ts';

export type Packer = 'gzip' | 'snappy' | 'xerial' | 'lz4' | 'zstd';
const codecs: Readonly<Record<Packer, number>> = { gzip: 1, snappy: 2, xerial: 2, lz4: 3, zstd: 4 };
/** Offsets of a batch's length, checksum, attributes and records. */
const [lengthAt, checksumAt, attributesAt, recordsAt] = [8, 17, 21, 61];
const zstdBlockBytes = 128 * 1024;

/** A compressed batch, as a producer would make it, of one record whose value is one repeated letter. */
export function bomb(packer: Packer, valueBytes: number): Buffer {
  const one = recordBatch(
    {
      partition: 0,
      producer: { id: -1, epoch: -1 },
      sequence: -1,
      records: [{ timestamp: 1, key: null, value: 'x' }],
    },
    loadKafkajs().checksum,
  );
  const packed = pack(packer, recordHead(valueBytes), valueBytes);
  const batch = Buffer.concat([one.subarray(0, recordsAt), packed]);
  batch.writeInt16BE(codecs[packer], attributesAt);
  batch.writeInt32BE(batch.length - lengthAt - 4, lengthAt);
  batch.writeUInt32BE(loadKafkajs().checksum(batch.subarray(attributesAt)), checksumAt);
  return batch;
}

/** A record without its value and the number of its headers, which is 0 and comes last. */
function recordHead(valueBytes: number): Buffer {
  const head = new Writer().int8(0).signed(0).signed(0).signed(-1).signed(valueBytes).bytes;
  return Buffer.concat([new Writer().signed(head.length + valueBytes + 1).bytes, head]);
}

function pack(packer: Packer, head: Buffer, valueBytes: number): Buffer {
  if (packer === 'zstd') return zstd(head, valueBytes);
  const bytes = Buffer.concat([head, Buffer.alloc(valueBytes, 'x'), Buffer.from([0])]);
  if (packer === 'gzip') return gzipSync(bytes);
  if (packer === 'lz4') return Buffer.from(lz4(bytes));
  return packer === 'snappy' ? Buffer.from(snappy(bytes)) : xerial(bytes);
}

/** Splits the data into blocks, each of which is within the limit. */
function xerial(bytes: Uint8Array): Buffer {
  const parts: Uint8Array[] = [Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1])];
  for (let at = 0; at < bytes.length; at += 1024 ** 2) {
    const block = Buffer.from(snappy(bytes.subarray(at, at + 1024 ** 2)));
    parts.push(new Writer().int32(block.length).bytes, block);
  }
  return Buffer.concat(parts);
}

/** A frame whose data is never in memory here: each of its blocks is a run of one byte, which takes four bytes. */
function zstd(head: Buffer, valueBytes: number): Buffer {
  const windowLog = 20;
  const parts: Uint8Array[] = [Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, (windowLog - 10) << 3])];
  const block = (kind: number, length: number, content: Buffer, last = 0) => {
    const three = Buffer.alloc(3);
    three.writeUIntLE(last + kind * 2 + length * 8, 0, 3);
    parts.push(three, content);
  };
  block(0, head.length, head);
  for (let left = valueBytes; left > 0; left -= zstdBlockBytes)
    block(1, Math.min(left, zstdBlockBytes), Buffer.from('x'));
  block(0, 1, Buffer.from([0]), 1);
  return Buffer.concat(parts);
}
