import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { describeConfig } from '../../src/pipeline/give/describe.ts';
import { printProblems } from '../../src/pipeline/problem.ts';
import { sized } from '../support/cli/faults.ts';
import { folderWith, readFolder } from '../support/pipeline/spec.ts';

const shipped = readFileSync('pipeline.yml', 'utf8').replace(/^include:.*$/m, '');
const overlay = readFileSync('config/embedded.yml', 'utf8');

/** Reads a text as the pipeline, or as the overlay, and everything that can be made from it. */
function reader() {
  const folder = folderWith({ 'pipeline.yml': shipped, 'config/embedded.yml': overlay });
  return (name: 'pipeline.yml' | 'config/embedded.yml', text: string) => {
    writeFileSync(join(folder, 'pipeline.yml'), shipped);
    writeFileSync(join(folder, 'config/embedded.yml'), overlay);
    writeFileSync(join(folder, name), text);
    const result = readFolder(folder, { env: { FDP_FEED: 'mock' } });
    expect(printProblems(result.problems, folder).length).toBeLessThan(500_000);
    expect(typeof describeConfig(result.spec, folder)).toBe('string');
    expect(result.resolution.plan === undefined).toBe(result.problems.length > 0);
    for (const { at } of result.problems) if (at) expect(at.line).toBeGreaterThan(0);
    return result;
  };
}

const words = [
  ...new Set(shipped.match(/[A-Za-z_]+|[{}[\]:,&*!|>"'#-]|\n {0,8}/g)),
  '${',
  `$\{X:-1}`,
  '!tag ',
  '\t',
  '<<: ',
  '? ',
  '---\n',
  '\u0000',
  '😀',
  '__proto__',
];

describe('the spec reader', () => {
  it('reads any text without throwing', { timeout: 60_000 }, () => {
    const read = reader();
    const soup = fc.array(fc.constantFrom(...words), { maxLength: 80 }).map((list) => list.join(''));
    const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), soup);

    fc.assert(
      fc.property(text, (any) => void read('pipeline.yml', any)),
      { numRuns: sized({ full: 200, fast: 70 }) },
    );
    fc.assert(
      fc.property(text, (any) => void read('config/embedded.yml', any)),
      { numRuns: sized({ full: 100, fast: 30 }) },
    );
  });

  it('reads the shipped pipeline with any piece replaced', { timeout: 60_000 }, () => {
    const read = reader();
    const change = fc.record({
      at: fc.nat(shipped.length - 1),
      length: fc.nat(30),
      by: fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 10 })),
    });

    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        let text = shipped;
        for (const { at, length, by } of changes) text = text.slice(0, at) + by + text.slice(at + length);
        read('pipeline.yml', text);
      }),
      { numRuns: sized({ full: 300, fast: 100 }) },
    );
  });

  it('reads any values in place of any values', { timeout: 60_000 }, () => {
    const read = reader();
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'medium', withCrossShrink: true },
        fc.constantFrom(
          null,
          true,
          0,
          -1,
          1.5,
          '',
          'mock',
          'ticks',
          'trades',
          'none',
          `$\{X}`,
          `$\{FDP_FEED}`,
          'GET /',
        ),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(key, tie('value'), { maxKeys: 5 }),
      ),
    }));
    const section = fc.dictionary(key, value, { maxKeys: 5 });
    const pipeline = fc.record({
      settings: value,
      connectors: fc.oneof(value, section),
      topologies: fc.oneof(value, section),
    });

    fc.assert(
      fc.property(pipeline, (any) => void read('pipeline.yml', stringify(any))),
      { numRuns: sized({ full: 300, fast: 100 }) },
    );
  });
});

const key = fc.constantFrom(
  ...['type', 'mock', 'kafka', 'ticks', 'source', 'sink', 'sinks', 'operators', 'routes', 'connector', 'after', 'name'],
  ...['explode', 'require', 'map', 'find', 'in', 'params', 'reply', 'GET /', 'GET /{x}', 'dead_letter', 'autostart'],
  ...['limits', 'shutdown', 'symbols', 'fields', 'best_effort', 'metadata_upsert', 'by', 'constructor', 'toString'],
);
