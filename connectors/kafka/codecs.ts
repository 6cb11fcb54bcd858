import { gunzipSync } from 'node:zlib';
import { decompress as unzstd } from 'fzstd';
import { decompress as unlz4 } from 'lz4js';
import { uncompress } from 'snappyjs';

/** What one batch may hold once it is unpacked, bytes: more is no batch, it is an attack. */
const maxUnpackedBytes = 256 * 1024 ** 2;

const codecs: Readonly<Record<number, (bytes: Buffer) => Uint8Array>> = {
  1: (bytes) => gunzipSync(bytes, { maxOutputLength: maxUnpackedBytes }),
  2: unsnappy,
  3: (bytes) => unlz4(bytes, maxUnpackedBytes),
  4: (bytes) => unzstd(bytes),
};

/** Unpacks the records of a batch; `codec` is Kafka's number. Throws whatever the codec throws, or for an unknown one. */
export function unpack(codec: number, bytes: Buffer): Buffer {
  const unpacked = codecs[codec]?.(bytes);
  if (unpacked === undefined) throw new RangeError(`codec ${codec} is not known`);
  return Buffer.from(unpacked.buffer, unpacked.byteOffset, unpacked.byteLength);
}

const xerialMagic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0]);
const xerialHeaderBytes = 16;

/** Java's producers cut Snappy into blocks with a header of their own; others send one plain block. */
function unsnappy(bytes: Buffer): Buffer {
  if (!bytes.subarray(0, xerialMagic.length).equals(xerialMagic)) return uncompress(bytes, maxUnpackedBytes);
  const blocks: Buffer[] = [];
  for (let at = xerialHeaderBytes; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    blocks.push(uncompress(bytes.subarray(at + 4, at + 4 + length), maxUnpackedBytes));
    at += 4 + length;
  }
  return Buffer.concat(blocks);
}
