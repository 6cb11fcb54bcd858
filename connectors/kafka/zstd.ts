import * as zlib from 'node:zlib';
import { Decompress } from 'fzstd';
import { TooLargeError } from './too-large.ts';

/** Built into Node.js from 22.15 on. */
const native: ((bytes: Buffer, options: { maxOutputLength: number }) => Buffer) | undefined = Reflect.get(
  zlib,
  'zstdDecompressSync',
);
const magic = 0xfd2fb528;
const skippableMagic = 0x184d2a5;
const dictionaryBytes = [0, 1, 2, 4];
const flags = { dictionary: 0x3, checksum: 0x4, single: 0x20 };
const runLength = 1;

/**
 * @throws what unzips to more than `limit`, with the code ERR_BUFFER_TOO_LARGE or as TooLargeError; what is not zstd
 */
export function unzstd(bytes: Buffer, limit: number): Uint8Array {
  return native ? native(bytes, { maxOutputLength: limit }) : unzstdInScript(bytes, limit);
}

/** The same without help of Node.js. */
export function unzstdInScript(bytes: Buffer, limit: number): Buffer {
  const blocks: Uint8Array[] = [];
  let left = limit;
  for (const frame of framesOf(bytes, limit)) {
    const stream = new Decompress((block) => {
      left -= block.length;
      if (left < 0) throw new TooLargeError(limit);
      blocks.push(block);
    });
    stream.push(frame, true);
  }
  return Buffer.concat(blocks);
}

/** Frame by frame, with a window no larger than it takes: it would be made, and moved, in full. */
function* framesOf(bytes: Buffer, limit: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; ) {
    const kind = bytes.readUInt32LE(at);
    if (kind >>> 4 === skippableMagic) {
      at += 8 + bytes.readUInt32LE(at + 4);
      continue;
    }
    if (kind !== magic) throw new RangeError(`expected a zstd frame, got ${kind.toString(16)}`);
    const head = headOf(bytes, at);
    const end = endOfBlocks(bytes, at + head.bytes) + (head.hasChecksum ? 4 : 0);
    if (end > bytes.length) throw new RangeError('the zstd frame is incomplete');
    const frame = Buffer.from(bytes.subarray(at, end));
    if (head.content > limit) throw new TooLargeError(limit);
    // Matches don't reach further back than the frame's length.
    const most = Math.ceil(Math.log2(limit)) - 10;
    if (!head.isSingle && (frame[5] ?? 0) >> 3 >= most) frame[5] = most << 3;
    yield frame;
    at = end;
  }
}

function headOf(bytes: Buffer, at: number) {
  const given = bytes.readUInt8(at + 4);
  const isSingle = (given & flags.single) !== 0;
  const before = 5 + (isSingle ? 0 : 1) + (dictionaryBytes[given & flags.dictionary] ?? 0);
  const contentBytes = [isSingle ? 1 : 0, 2, 4, 8][given >> 6] ?? 0;
  const lowBytes = Math.min(4, contentBytes);
  const content =
    (contentBytes === 0 ? 0 : bytes.readUIntLE(at + before, lowBytes)) +
    (contentBytes === 8 ? bytes.readUInt32LE(at + before + 4) * 2 ** 32 : 0);
  return { bytes: before + contentBytes, isSingle, content, hasChecksum: (given & flags.checksum) !== 0 };
}

function endOfBlocks(bytes: Buffer, from: number): number {
  for (let at = from; ; ) {
    const head = bytes.readUIntLE(at, 3);
    at += 3 + (((head >> 1) & 3) === runLength ? 1 : head >> 3);
    if (head & 1) return at;
  }
}
