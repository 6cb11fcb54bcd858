import { describe, expect, it } from 'vitest';
import { TooLargeError } from '../../../connectors/kafka/too-large.ts';
import { unzstd, unzstdInScript } from '../../../connectors/kafka/zstd.ts';
import { batchesOfJava } from '../../support/kafka/batches.ts';

const frame = Buffer.from(batchesOfJava.zstd, 'base64').subarray(61);
const content = Buffer.from(batchesOfJava.none, 'base64').subarray(61);
const limit = 16 * 1024 ** 2;

describe('zstd', () => {
  it('unpacks frames one after the other, and skips what is not content', () => {
    const skippable = Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
    const bytes = Buffer.concat([frame, skippable, frame]);
    expect(Buffer.from(unzstd(frame, limit)).equals(content)).toBe(true);
    expect(unzstdInScript(bytes, limit).equals(Buffer.concat([content, content]))).toBe(true);
    expect(() => unzstdInScript(bytes, 2 * content.length - 1)).toThrow(TooLargeError);
  });

  it('makes no window that is larger than its output, whatever the frame declares', () => {
    const asking = Buffer.from(frame);
    asking[5] = (31 - 10) << 3; // 2 GiB
    const before = process.memoryUsage.rss();
    expect(unzstdInScript(asking, limit).equals(content)).toBe(true);
    expect(process.memoryUsage.rss() - before).toBeLessThan(8 * limit);
  });

  it('refuses a frame that declares too much content, before it decompresses any', () => {
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(700n * 1024n ** 2n);
    const bytes = Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xe0]), size, Buffer.from([1, 0, 0])]);
    expect(() => unzstdInScript(bytes, limit)).toThrow(TooLargeError);
  });

  it('fails on a frame that is cut off, wherever that is', () => {
    for (let length = 1; length < frame.length; length++)
      expect(() => unzstdInScript(frame.subarray(0, length), limit)).toThrow();
  });
});
