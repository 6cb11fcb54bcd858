import { gunzipSync } from 'node:zlib';
import { decompressBound, decompressFrame } from 'lz4js';
import { uncompress } from 'snappyjs';
import { TooLargeError } from './too-large.ts';
import { unzstd } from './zstd.ts';

/** The largest decompressed batch, bytes: four times the size of a fetch. */
export const maxUnpackedBytes = 16 * 1024 ** 2;

const codecs: Readonly<Record<number, (bytes: Buffer, limit: number) => Uint8Array>> = {
  1: (bytes, limit) => gunzipSync(bytes, { maxOutputLength: limit }),
  2: unsnappy,
  3: unlz4,
  4: unzstd,
};

/**
 * Decompresses the records of a batch; `codec` is Kafka's number. Takes little more memory than `limit`, whatever the
 * bytes claim.
 * @throws TooLargeError above the limit; RangeError for an unknown codec; whatever the codec throws
 */
export function unpack(codec: number, bytes: Buffer, limit: number): Buffer {
  const unpacked = unpackedBy(codec, bytes, limit);
  if (unpacked === undefined) throw new RangeError(`codec ${codec} is unknown`);
  return Buffer.from(unpacked.buffer, unpacked.byteOffset, unpacked.byteLength);
}

function unpackedBy(codec: number, bytes: Buffer, limit: number): Uint8Array | undefined {
  try {
    return codecs[codec]?.(bytes, limit);
  } catch (error) {
    const isTooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    throw isTooLarge || error instanceof TooLargeError ? new TooLargeError(limit) : error;
  }
}

const xerialMagic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0]);
const xerialHeaderBytes = 16;

/** Java's producers split Snappy into blocks with their own header; others send one plain block. */
function unsnappy(bytes: Buffer, limit: number): Uint8Array {
  if (!bytes.subarray(0, xerialMagic.length).equals(xerialMagic)) return unsnappyBlock(bytes, limit);
  const blocks: Uint8Array[] = [];
  let left = limit;
  for (let at = xerialHeaderBytes; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    const block = unsnappyBlock(bytes.subarray(at + 4, at + 4 + length), left);
    blocks.push(block);
    left -= block.length;
    at += 4 + length;
  }
  return Buffer.concat(blocks);
}

/** A block begins with its length, in as few bytes as that needs. */
function unsnappyBlock(bytes: Buffer, limit: number): Uint8Array {
  const [a = 0, b = 0, c = 0, d = 0, e = 0] = bytes;
  let length = 0;
  for (const [index, byte] of [a, b, c, d, e].entries()) {
    length += (byte % 128) * 128 ** index;
    if (byte < 128) break;
  }
  if (length > limit) throw new TooLargeError(limit);
  return uncompress(bytes, limit);
}

function unlz4(bytes: Buffer, limit: number): Uint8Array {
  const room = new Uint8Array(Math.min(limit, Math.max(0, decompressBound(bytes))));
  // Bytes that do not fit are counted and dropped.
  const length = decompressFrame(bytes, room);
  if (length > room.length) throw new TooLargeError(room.length);
  return room.subarray(0, length);
}
