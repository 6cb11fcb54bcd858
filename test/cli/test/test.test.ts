import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { connectors } from '../../../connectors/index.ts';
import { operators } from '../../../operators/index.ts';
import { testPipeline } from '../../../src/cli/test/test.ts';
import { tested } from '../../support/cli/pipeline-tests.ts';
import { temporaryFolder } from '../../support/cli/platform.ts';

/** A test of the processor with two trades; the expectation begins in line 5. */
const twoTrades = (expected: string) => `name: two trades
topology: processor
input: [{ message: { type: trade, data: [{ s: A, p: 1.5, t: 1763640000000, v: 10 }, { s: A, p: 2, t: 1763640000000, v: 5 }] } }]
expect:
  ${expected}
`;

const brief = (text: string) => text.split('\n').filter((line) => /^(ok|FAIL|my\.test|\d+ test)|^ {2}[-+] /.test(line));

describe('fdp test', () => {
  it('prints a line for a test that passes, and ends with 0', async () => {
    const { text, exitCode } = await tested(twoTrades('trades: 2'));
    expect({ text, exitCode }).toEqual({
      text: 'ok    my.test.yml: two trades\n1 test: 1 passed (seed 1)\n',
      exitCode: 0,
    });
  });

  const wrong: readonly (readonly [expected: string, report: readonly string[]])[] = [
    ['trades: 3', ['5:11: trades: expected 3, got 2']],
    ['trades: { rows: 1 }', ['5:19: trades: expected 1, got 2']],
    ['trades: { contains: [{ price: 1.5 }, { price: 3 }] }', ['5:40: trades: is not there', '- {"price":"3"}']],
    ['trades: [{ price: 1.5 }]', ['5:11: trades: expected 1, got 2']],
    ['trades: [{ price: 1.5 }, { price: 1.5 }]', ['5:28: trades: 1 of 2 is not there', '- {"price":"1.5"}']],
    [
      'symbols: [{ symbol: A, tradeCount: 3 }]',
      ['5:13: symbols: 1 of 1 is not there', '+ {"symbol":"A","tradeCount":2,'],
    ],
    ['dead_letters: 1', ['5:17: dead_letters: expected 1, got 0']],
    ['dead_letters: [{ code: FDP_MESSAGE_INVALID }]', ['5:18: dead_letters: expected 1, got 0']],
    ['committed: { partition: 0, offset: 2 }', ['5:14: committed: expected offset 2, got 1']],
    ['order: { by: nothing }', ['5:10: order: no message with the field nothing reached an ordered sink']],
  ];

  it.each(wrong)('reports what does not hold, at its line: %s', async (expected, report) => {
    const { text, exitCode } = await tested(twoTrades(expected));
    const lines = brief(text);
    for (const part of report) expect(lines.some((line) => line.includes(part))).toBe(true);
    expect(text).toContain('again with --seed 1');
    expect(lines.at(-1)).toBe('1 test: 0 passed, 1 failed (seed 1)');
    expect(exitCode).toBe(1);
  });

  it('compares lines in order, rows in any', async () => {
    const rows = await tested(twoTrades('trades: [{ price: 2 }, { price: 1.5 }]'));
    expect(rows.exitCode).toBe(0);
    const lines = await tested(
      twoTrades('vwap_feed: [{ price: 2 }, { price: 1.5 }]').replace('processor', 'analytics'),
    );
    expect(brief(lines.text)).toContain('my.test.yml:5:15: vwap_feed: number 1 differs');
  });

  it('runs every test of a file, those of one topology, and says where there is none', async () => {
    const two = `${twoTrades('trades: 2')}---\n${twoTrades('vwap_feed: 2').replace('two trades', 'two lines').replace('processor', 'analytics')}`;
    expect((await tested(two)).text).toContain('2 tests: 2 passed');
    expect((await tested(two, { topologies: ['analytics'] })).text).toContain('1 test: 1 passed');
    await expect(tested(two, { topologies: ['api'] })).rejects.toThrow('test: there is no test of api');
    await expect(tested(two, { flags: { seed: 'x' } })).rejects.toThrow('--seed: expected a whole number');
    await expect(tested(two, { flags: { junit: '/nowhere/results.xml' } })).rejects.toThrow('test: --junit: ENOENT');
  });

  it('runs a topology without the one that it needs beside it', async () => {
    const text = 'name: a\ntopology: live\ninput: [{ message: { symbol: A } }]\nexpect: { http: [{ symbol: A }] }\n';
    expect((await tested(text)).text).toContain('1 test: 1 passed');
  });

  it('finds *.test.yml beside the pipeline and below, node_modules left out', async () => {
    using folder = temporaryFolder();
    const pipeline =
      'connectors: { in: { type: mock, symbols: [A] }, out: { type: stdout } }\ntopologies: { flow: { source: in, sink: out } }\n';
    const text = 'name: NAME\ntopology: flow\ninput: [{ message: 1 }]\nexpect: { out: [1] }\n';
    for (const below of ['', 'deep/er', 'node_modules/other', '.hidden']) {
      mkdirSync(join(folder.path, below), { recursive: true });
      writeFileSync(join(folder.path, below, 'a.test.yml'), text);
    }
    const pipelinePath = join(folder.path, 'pipeline.yml');
    writeFileSync(pipelinePath, pipeline);
    const request = {
      pipelinePath,
      profile: undefined,
      env: {},
      components: { connectors, operators },
      folder: folder.path,
    };
    expect((await testPipeline(request, [])).text).toBe(
      'ok    a.test.yml: NAME\nok    deep/er/a.test.yml: NAME\n2 tests: 2 passed (seed 1)\n',
    );
    const missing = await testPipeline(request, ['b.test.yml']);
    expect(missing.text).toContain('b.test.yml: there is no such file');
    expect(missing.exitCode).toBe(2);
  });

  it('gives JSON, and JUnit XML with the failures', async () => {
    using folder = temporaryFolder();
    const junit = join(folder.path, 'results.xml');
    const both = `${twoTrades('trades: 2').replace('two trades', 'a < b & "c"')}---\n${twoTrades('trades: 3')}`;
    const { text } = await tested(both, { flags: { json: true, junit, seed: '7' } });
    expect(JSON.parse(text)).toMatchObject({
      seed: 7,
      passed: 1,
      failed: 1,
      tests: [
        { name: 'a < b & "c"', topology: 'processor', passed: true, failures: [] },
        { passed: false, failures: [{ message: 'trades: expected 3, got 2', line: 11, column: 11 }] },
      ],
    });
    const xml = readFileSync(junit, 'utf8');
    expect(xml).toContain('tests="2" failures="1"');
    expect(xml).toMatch(/<testcase classname="processor" name="a &lt; b &amp; &quot;c&quot;" time="[\d.]+"\/>/);
    expect(xml).toContain('<failure message="trades: expected 3, got 2">');
    expect(xml.match(/<\w/g)?.length).toBe((xml.match(/<\/\w/g)?.length ?? 0) + (xml.match(/\/>/g)?.length ?? 0));
  });

  it('is wrong, with 2, where the pipeline is', async () => {
    const { text, exitCode } = await tested(twoTrades('trades: 2'), {
      edits: [['by: symbol, count', 'by: symbol, cuont']],
    });
    expect(text).toContain('did you mean "count"?');
    expect(exitCode).toBe(2);
  });
});

describe('a run', () => {
  const file = `name: faults
topology: processor
input: { mock: { trades: 300, symbols: [A, B, C] } }
faults:
  - { sink: trades, fail: { every: 3 }, lose_ack: 0.3 }
  - { sink: symbols, slow: 70ms, lose_ack: 0.3 }
  - { crash: { at: 2s } }
  - { source: { cut: 1s, at: 4s } }
  - { clock: { jump: -1h, at: 5s } }
expect: { trades: 300 }
`;
  const digest = async (seed: string) => {
    const { text } = await tested(file, { flags: { json: true, seed } });
    return (JSON.parse(text) as { tests: readonly { digest: string }[] }).tests[0]?.digest;
  };

  it('is the same for the same seed, also beside others, and another one for another seed', async () => {
    const first = await digest('1');
    expect(await digest('1')).toBe(first);
    const beside = await Promise.all([digest('1'), digest('2'), digest('1')]);
    expect(beside).toEqual([first, expect.not.stringMatching(String(first)), first]);
  });
});
