import { describe, expect, it } from 'vitest';
import { Problems, printProblems } from '../../src/pipeline/problem.ts';
import { positionOf, sourceFile } from '../../src/pipeline/read/source.ts';

const file = sourceFile('/home/me/pipeline.yml', 'a: 1\n\tb: { c: wrong }\r\nlast', 0);
const rangeOf = (text: string) => {
  const start = file.text.indexOf(text);
  return { file, start, end: start + text.length };
};

describe('problems', () => {
  it('are printed with their line, a caret below the value and the hint', () => {
    const problems = new Problems();
    problems.add(rangeOf('wrong'), 'expected right', { subject: 'c', hint: 'write right' });
    problems.add(undefined, 'unknown profile "x"');

    expect(printProblems(problems.list, '/home/me')).toBe(
      [
        'unknown profile "x"',
        '',
        'pipeline.yml:2:10: c: expected right',
        '  \tb: { c: wrong }',
        '  \t        ^^^^^',
        '  write right',
        '',
      ].join('\n'),
    );
  });

  it('show the whole path of a file elsewhere', () => {
    const problems = new Problems();
    problems.add(rangeOf('a'), 'x');

    expect(printProblems(problems.list, '/home/you')).toMatch(/^\/home\/me\/pipeline\.yml:1:1: x\n/);
  });

  it('show a part of a long line only', () => {
    const long = sourceFile('long.yml', `${'x'.repeat(5000)}here${'y'.repeat(5000)}`, 0);
    const { excerpt, underline, column } = positionOf({ file: long, start: 5000, end: 5004 }, long.text);

    expect(excerpt.length).toBeLessThanOrEqual(160);
    expect(excerpt.slice(underline.from, underline.from + underline.length)).toBe('here');
    expect(column).toBe(5001);
  });

  it('underline no more than the first line of a value', () => {
    const lines = sourceFile('lines.yml', 'a: |\n  b\n', 0);

    expect(positionOf({ file: lines, start: 3, end: 9 }, lines.text).underline).toEqual({ from: 3, length: 1 });
  });

  it('stand in the order of the files and lines, each once', () => {
    const problems = new Problems();
    problems.add(rangeOf('last'), 'third');
    problems.add(rangeOf('a'), 'first', { subject: 'one' });
    problems.add(rangeOf('a'), 'first', { subject: 'other' });
    problems.add(rangeOf('wrong'), 'second');

    expect(problems.list.map(({ message }) => message)).toEqual(['one: first', 'second', 'third']);
  });
});
