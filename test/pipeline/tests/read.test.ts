import { readdirSync, readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { connectors } from '../../../connectors/index.ts';
import { operators } from '../../../operators/index.ts';
import { testFileSchema } from '../../../src/pipeline/give/test-schema.ts';
import { Problems } from '../../../src/pipeline/problem.ts';
import { sourceFile } from '../../../src/pipeline/read/source.ts';
import { readSpec } from '../../../src/pipeline/read.ts';
import { readTests } from '../../../src/pipeline/tests/read.ts';
import { tested } from '../../support/cli/pipeline-tests.ts';
import { undescribed } from '../../support/pipeline/schema.ts';
import { twinless } from '../../support/pipeline/twinless.ts';

/** A test of seven lines, with one of them replaced. */
function file(line: number, instead: string): string {
  const lines = [
    'name: a test',
    'topology: processor',
    'input:',
    '  - message: { type: trade, data: [] }',
    'faults: [{ crash: { at: 1s } }]',
    'expect:',
    '  trades: 0',
  ];
  lines[line - 1] = instead;
  return `${lines.join('\n')}\n`;
}

/** A mistake, its position and what is reported. */
const mistakes: readonly (readonly [line: number, instead: string, report: string, hint?: string])[] = [
  [1, 'nmae: a test', '1:1: test: unknown option "nmae"', 'did you mean "name"?'],
  [1, '', '2:1: test: lacks "name"'],
  [2, 'topology: procesor', '2:11: topology: unknown topology "procesor"', 'did you mean "processor"?'],
  [2, 'topology: api', '4:5: input[0]: expected request, got message', '"api" takes requests'],
  [3, 'tables: { tardes: [] }\ninput:', '3:11: tables: unknown table "tardes"', 'did you mean "trades"?'],
  [4, '  - massage: { }', '4:5: input[0]: unknown option "massage"', 'did you mean "message"?'],
  [4, '  - { at: soon, message: 1 }', '4:11: input[0].at: expected a duration such as 500ms'],
  [4, '  - { at: 1s }', '4:5: input[0]: expected exactly one of message, text, request'],
  [4, '  - { message: 1, text: "1" }', '4:5: input[0]: expected exactly one of message, text, request'],
  [4, '  []', '4:3: input: expected a list of messages'],
  [4, '  mock: { trade: 5 }', '4:11: input.mock: unknown option "trade"', 'did you mean "trades"?'],
  [4, '  tape: recorded', '4:9: input.tape: there is no tape', 'a folder that `fdp record` made'],
  [4, '  tape: 5', '4:9: input.tape: expected text'],
  [5, 'faults: [{ sink: tardes, slow: 1s }]', '5:18: faults[0]: unknown sink "tardes"', 'did you mean "trades"?'],
  [5, 'faults: [{ sink: trades }]', '5:10: faults[0]: nothing goes wrong'],
  [5, 'faults: [{ sink: trades, fail: { every: 1 } }]', '5:41: faults[0].fail.every: expected at least 2, got 1'],
  [5, 'faults: [{ sink: trades, refuse: "price >" }]', '5:34: faults[0].refuse: '],
  [
    5,
    'faults: [{ crush: { at: 1s } }]',
    '5:10: faults[0]: expected one of sink, lookup, source, crash, restore, clock',
    'did you mean "crash"?',
  ],
  [5, 'faults: [{ clock: { jump: back } }]', '5:27: faults[0].clock.jump: expected a duration such as 30s or -1h'],
  [6, 'expekt:', '6:1: test: unknown option "expekt"', 'did you mean "expect"?'],
  [7, '  {}', '7:3: test.expect: expected '],
  [7, '  within: 5s', '7:3: expect: nothing is expected but an end'],
  [7, '  tardes: 0', '7:3: expect: unknown expectation "tardes"', 'did you mean "trades"?'],
  [7, '  trades: { row: 1 }', '7:13: expect.trades: unknown option "row"', 'did you mean "rows"?'],
  [7, '  trades: -1', '7:11: expect.trades: expected at least 0, got -1'],
  [7, '  committed: { partition: 0 }', '7:14: expect.committed: lacks "offset"'],
  [
    7,
    '  committed: [{ partition: 0, offset: 1 }, { partition: 6, offset: 1 }]',
    '7:44: expect.committed: "ticks" has no partition 6',
    'its partitions are 0 to 5',
  ],
  [7, '  order: symbol', '7:10: expect.order: expected a map'],
  [7, '  replies: [{ data: 1 }]', '7:3: expect.replies: "processor" has no routes'],
  [7, '  trades:0', '7:3: test.expect: expected a map, got "trades:0"', 'a space follows the colon: `trades: 0`'],
  [7, '  trades: [{ symbl: AAPL }]', '7:14: expect.trades[0]: "trades" has no field "symbl"', 'did you mean "symbol"?'],
  [7, '  trades: { contains: [{ prize: 1 }] }', '7:26: expect.trades[0]: "trades" has no field "prize"', '"price"?'],
  [7, '  committed: 1', '7:14: expect.committed: expected a map such as { partition: 0, offset: 1 }'],
  [7, '  candles: 0', '7:3: expect: unknown expectation "candles"', 'can be asked for: trades, symbols, dead_letters'],
  [7, '  trades: 0\n  within: 30', '8:11: expect.within: expected a duration such as 500ms', ''],
  [
    7,
    '  trades: 0\n---\nname: a test',
    '9:7: test.name: another test of this file is named "a test"',
    'by their names',
  ],
  [3, 'tables: { symbols: [{ sybmol: A }] }\ninput:', '3:23: tables.symbols[0]: "symbols" has no field', '"symbol"?'],
  [3, 'tables: { symbols: [{ tradeCount: 1 }] }\ninput:', '3:21: tables.symbols[0]: lacks "symbol"'],
  [
    4,
    '  - { at: 5s, message: 1 }\n  - { at: 1s, message: 2 }',
    '5:11: input[1].at: 1s is before the 5s of the one above',
    'in the order of its time',
  ],
  [4, '  - { at: 5s, message: 1 }\n  - { message: 2 }', '5:5: input[1].at: 0ms is before the 5s', 'without `at`'],
  [
    5,
    'faults: [{ cut: 3s }]',
    '5:10: faults[0]: expected one of sink, lookup, source',
    'write { source: { cut: 3s } }',
  ],
  [5, 'faults: [{ crash: 1s }]', '5:19: faults[0].crash: expected a map such as { at: 500ms }, got "1s"'],
  [5, 'faults: [{ clock: -1h }]', '5:19: faults[0].clock: expected a map such as { jump: -1h }'],
  [5, 'faults: [{ source: ticks }]', '5:20: faults[0].source: expected a map such as { cut: 3s }'],
  [5, 'faults: [{ sink: trades, fail: 2 }]', '5:32: faults[0].fail: expected a map such as { every: 2 }'],
  [5, 'faults: [{ sink: trades, lose_ack: 10% }]', '5:36: faults[0].lose_ack: expected a probability from 0 to 0.9'],
  [5, 'faults: { sink: trades, slow: 1s }', '5:9: test.faults: expected a list such as [{ sink: trades, slow: 1s }]'],
  [7, '  trades: 0\n---\nname: 5', '9:7: test.name: expected text, got 5'],
];

describe('a file of tests', () => {
  const rows = mistakes.map(([line, instead, report, hint = '']) => [line, instead, report, hint] as const);

  it.each(rows)('line %i, %j: %s', async (line, instead, report, hint) => {
    const { text, exitCode } = await tested(file(line, instead));
    expect(text).toContain(`my.test.yml:${report}`);
    expect(text).toContain(hint);
    expect(exitCode).toBe(2);
  });

  it.each([
    ['', '1:1: the file has no test'],
    ['---\n# nothing\n---\n', '1:1: the file has no test'],
    ['- 1', '1:1: expected a test: a map with name, topology, input and expect'],
    ['name: [', '1:8: YAML: '],
  ])('%j: %s', async (text, report) => {
    const { text: output, exitCode } = await tested(text);
    expect(output).toContain(`my.test.yml:${report}`);
    expect(exitCode).toBe(2);
  });

  it('names a connector without a twin, as one of a plugin may be', async () => {
    const { text, exitCode } = await tested(file(2, 'topology: reconcile'), { connectors: twinless('reconcile') });
    expect(text).toContain('my.test.yml:2:11: reconcile: "differences" (reconcile) has no twin');
    expect(text).toContain('can not be tested');
    expect(exitCode).toBe(2);
    const own = twinless('reconcile').map((each) =>
      each.type === 'reconcile' ? { ...each, plugin: './own.js' } : each,
    );
    const { text: advice } = await tested(file(2, 'topology: reconcile'), { connectors: own });
    expect(advice).toContain("in ./own.js: twin: 'messages' beside its type");
  });

  it('nothing runs while one of its tests is wrong', async () => {
    const { text } = await tested(
      `${file(7, '  trades: 5')}---\n${file(7, '  tardes: 5').replace('a test', 'another')}`,
    );
    expect(text).not.toContain('FAIL');
    expect(text).toContain('1 problem');
  });
});

describe('whatever a file holds', () => {
  const components = { connectors, operators };
  const spec = readSpec({ pipelinePath: 'pipeline.yml', profile: 'embedded', env: {}, components });
  const texts = readdirSync('tests').map((name) => readFileSync(`tests/${name}`, 'utf8'));
  const pieces = [
    '',
    '{',
    ']',
    '---\n',
    ': ',
    '- ',
    '"',
    '&a ',
    '*a',
    'null',
    '-1',
    '1e9',
    '~',
    'sink',
    'expect',
    '\u0000',
    '\t',
  ];
  const edit = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    cut: fc.nat(30),
    piece: fc.constantFrom(...pieces),
  });

  it('its mistakes are reported with a line of it, and nothing is thrown', () => {
    fc.assert(
      fc.property(fc.constantFrom(...texts), fc.array(edit, { minLength: 1, maxLength: 4 }), (text, edits) => {
        const broken = edits.reduce((now, { at, cut, piece }) => {
          const start = Math.floor(at * now.length);
          return now.slice(0, start) + piece + now.slice(start + cut);
        }, text);
        const problems = new Problems();
        const tests = readTests(sourceFile('a.test.yml', broken, 0), { spec, problems, checkCondition: () => {} });
        for (const { at } of problems.list) {
          expect(at?.line).toBeGreaterThan(0);
          expect(at?.line).toBeLessThanOrEqual(broken.split('\n').length);
        }
        expect(tests.length > 0 || problems.size > 0).toBe(true);
      }),
      { numRuns: 100 },
    );
  });
});

describe('pipeline.test.schema.json', () => {
  const validate = new Ajv({ strict: false }).compile(testFileSchema());

  it('describes every property', () => {
    expect(undescribed(testFileSchema())).toEqual([]);
  });

  it.each(readdirSync('tests'))('accepts tests/%s', (name) => {
    for (const document of parseAllDocuments(readFileSync(`tests/${name}`, 'utf8')))
      expect({ valid: validate(document.toJS()), errors: validate.errors }).toEqual({ valid: true, errors: null });
  });

  it.each(['faults: [{ crush: {} }]', 'expect: {}', 'input: { tape: 5 }', 'expect: { order: x }'])(
    'refuses %s',
    (line) => {
      const [document] = parseAllDocuments(`name: a\ntopology: b\ninput: [{ message: 1 }]\nexpect: { a: 1 }\n`);
      const [change] = parseAllDocuments(line);
      expect(validate({ ...document?.toJS(), ...change?.toJS() })).toBe(false);
    },
  );
});
