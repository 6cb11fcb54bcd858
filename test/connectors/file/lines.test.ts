import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Line, Lines } from '../../../connectors/file/lines.ts';

function linesOf(bytes: Buffer, offsets: readonly number[], maxLine = 1000): Line[] {
  const lines = new Lines(maxLine);
  const edges = [0, ...offsets.filter((offset) => offset < bytes.length).sort((a, b) => a - b), bytes.length];
  const found = edges.slice(1).flatMap((end, index) => lines.push(bytes.subarray(edges[index], end)));
  const last = lines.end();
  return last ? [...found, last] : found;
}

describe('file', () => {
  it('cuts bytes into numbered lines, wherever they were read in pieces', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'binary' }).map((text) => text.replace(/[\r\n]/g, ' '))),
        fc.array(fc.nat(500)),
        fc.constantFrom('\n', '\r\n'),
        (texts, offsets, end) => {
          const found = linesOf(Buffer.from(texts.map((text) => text + end).join('')), offsets, 10_000);
          expect(found.map(({ bytes }) => bytes.toString())).toEqual(texts);
          expect(found.map(({ number }) => number)).toEqual(texts.map((_, index) => index + 1));
        },
      ),
    );
  });

  it('takes a last line without an end, and keeps no more of a line than it may', () => {
    const found = linesOf(Buffer.from(`abc\n${'x'.repeat(5000)}\nde`), [2, 700, 701, 4000], 100);
    expect(found.map(({ bytes, length }) => [bytes.length, length])).toEqual([
      [3, 3],
      [100, 5000],
      [2, 2],
    ]);
  });
});
