import { readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { connectors } from '../../connectors/index.ts';
import { operators } from '../../operators/index.ts';
import { validate } from '../../src/cli/validate.ts';
import { sized } from '../support/cli/faults.ts';
import { pipelineCopy } from '../support/cli/pipeline-copy.ts';
import { temporaryFolder } from '../support/cli/platform.ts';

const components = { connectors, operators };

/** Validates bytes in place of the shipped pipeline, with the shipped components: a verdict of few lines, or a bug. */
function verdictOn(path: string, bytes: string | Uint8Array): number {
  writeFileSync(path, bytes);
  const folder = dirname(path);
  const { text, exitCode } = validate({ pipelinePath: path, profile: undefined, env: {}, components, folder });
  expect([0, 2]).toContain(exitCode);
  expect(text).not.toMatch(/^ {4}at |TypeError|RangeError|undefined|\[object/m);
  expect(text.length).toBeLessThan(500_000);
  return exitCode;
}

const deep = (open: string, close: string) => `x: ${open.repeat(20_000)}${close.repeat(20_000)}`;
const laughs = Array.from({ length: 12 }, (_, n) => `a${n}: &a${n} [${`*a${n - 1}, `.repeat(n === 0 ? 0 : 9)}lol]`);
const hostile: readonly (readonly [string, string | Uint8Array])[] = [
  ['nothing', ''],
  ['bytes that are no UTF-8', Uint8Array.of(0xff, 0xfe, 0x00, 0x80, 0xc0)],
  ['lists in lists', deep('[', ']')],
  ['maps in maps', deep('{a: ', '}')],
  ['aliases of aliases of aliases', laughs.join('\n')],
  ['an alias of what it stands in', 'topologies: &t { a: *t }'],
  ['two documents', 'a: 1\n---\nb: 2'],
  [
    'names that objects have',
    'connectors: { __proto__: { type: mock }, constructor: 1, toString: { type: toString } }',
  ],
  ['a key of 1 MB', `${'k'.repeat(2 ** 20)}: 1`],
];

describe('validate', () => {
  it.each(hostile)('has a verdict on %s', (_what, bytes) => {
    using folder = temporaryFolder();
    expect(verdictOn(pipelineCopy(folder.path), bytes)).toBe(2);
  });

  it('has a verdict on the shipped pipeline with any bytes of it replaced', { timeout: 60_000 }, () => {
    using folder = temporaryFolder();
    const path = pipelineCopy(folder.path);
    const shipped = readFileSync(path);
    const change = fc.tuple(fc.nat(shipped.length - 1), fc.uint8Array({ maxLength: 12 }));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const bytes = Buffer.from(shipped);
        for (const [at, some] of changes) bytes.set(some.subarray(0, bytes.length - at), at);
        verdictOn(path, bytes);
      }),
      { numRuns: sized({ full: 150, fast: 60 }) },
    );
  });

  it('has a verdict on any value for any option of the shipped pipeline', { timeout: 60_000 }, () => {
    using folder = temporaryFolder();
    const path = pipelineCopy(folder.path);
    const lines = readFileSync(path, 'utf8').split('\n');
    const candidates = lines.flatMap((line, index) => (/^\s+[\w-]+: \S/.test(line) ? [index] : []));
    const number = fc.constantFrom('1e999', '-0', '0x1F', '9007199254740993', '1'.repeat(400), '.nan', '-.inf', '0o7');
    const value = fc.oneof(
      number,
      fc.json({ maxDepth: 3 }),
      fc.constantFrom('~', '*no', '&a', '!!binary x', '2026-11-26', '|', `$\{X}`),
    );
    fc.assert(
      fc.property(fc.constantFrom(...candidates), value, (index, text) => {
        const changed = lines.with(
          index,
          (lines[index] ?? '').replace(/: .*/, () => `: ${text}`),
        );
        verdictOn(path, changed.join('\n'));
      }),
      { numRuns: sized({ full: 200, fast: 70 }) },
    );
  });
});
