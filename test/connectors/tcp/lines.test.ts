import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineSplitter } from '../../../connectors/tcp/lines.ts';

function split(chunks: readonly Buffer[], maxLine = 1000) {
  let tooLong = 0;
  const splitter = new LineSplitter(maxLine, () => {
    tooLong++;
  });
  const lines = chunks.flatMap((chunk) => splitter.push(chunk)).map((line) => line.toString());
  return { lines, tooLong, kept: splitter.kept };
}

function splitAt(text: string, offsets: readonly number[]): Buffer[] {
  const bytes = Buffer.from(text);
  const edges = [0, ...offsets.map((index) => index % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return edges.slice(1).map((end, index) => bytes.subarray(edges[index], end));
}

describe('line splitter', () => {
  it('gives the same lines wherever the stream is cut', () => {
    const text = fc.array(fc.string({ unit: fc.constantFrom('a', 'é', '{', '€', ' '), maxLength: 20 }));
    fc.assert(
      fc.property(text, fc.array(fc.nat()), (lines, offsets) => {
        const seen = split(splitAt(lines.map((line) => `${line}\n`).join(''), offsets));
        expect(seen.lines).toEqual(lines.filter((line) => line !== ''));
      }),
    );
  });

  it('removes a carriage return and passes over empty lines', () => {
    expect(split([Buffer.from('a\r\n\r\n\nb\n')]).lines).toEqual(['a', 'b']);
  });

  it('skips a line that is too long, once, without keeping it, and continues after it', () => {
    const chunks = ['ok\n', ...Array.from({ length: 500 }, () => 'x'.repeat(10)), '\nnext\ntorn'];
    const seen = split(
      chunks.map((chunk) => Buffer.from(chunk)),
      50,
    );
    expect(seen).toEqual({ lines: ['ok', 'next'], tooLong: 1, kept: 4 });
  });

  it('keeps at most max_line of what has no end', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(40), { maxLength: 300 }), (lengths) => {
        const splitter = new LineSplitter(100, () => {});
        for (const length of lengths) {
          splitter.push(Buffer.alloc(length, 'x'));
          expect(splitter.kept).toBeLessThanOrEqual(100);
        }
      }),
    );
  });

  it('reads a line that comes byte by byte', () => {
    const line = 'a'.repeat(900);
    expect(split([...`${line}\n`].map((byte) => Buffer.from(byte))).lines).toEqual([line]);
  });
});
