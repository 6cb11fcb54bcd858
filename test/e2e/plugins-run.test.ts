import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventually, Process, temporaryFolder } from '../support/cli/platform.ts';
import { fdpRun, lines, operator, pipeline, projectIn, runUntil } from '../support/cli/plugin-project.ts';

describe('plugins', () => {
  it('are an operator, a source, a sink and a function, in files and packages, by named and default exports', async () => {
    using folder = temporaryFolder();
    const counted = `import { defineConnector, noUsage, pollSource } from 'fdp';
      let next = 0;
      const counted = defineConnector({
        type: 'counted', summary: 'Numbers.', example: 'numbers: { type: counted }', source: { options: noUsage },
        options: { type: 'object', additionalProperties: false, properties: {} },
        create: async (_options, { name }) => ({
          source: (_usage, role) => pollSource(role, { name, everyMs: 50, poll: async () => [{ value: { n: next++ } }] }),
          close: async () => {},
        }),
      });
      export default counted;`;
    const kept = `const { defineConnector, noUsage } = require('fdp');
      const { appendFileSync } = require('node:fs');
      exports.connectors = [defineConnector({
        type: 'kept', summary: 'A file.', example: 'k: { type: kept, path: k }', sink: { options: noUsage },
        options: { type: 'object', properties: { path: { type: 'string', format: 'path', description: 'It.' } } },
        create: async ({ path }) => ({
          sink: () => ({
            ordered: true, connect: async () => {}, close: async () => {},
            write: async (messages) => {
              for (const { value } of messages) appendFileSync(path, JSON.stringify(value) + '\\n');
              return {};
            },
          }),
          close: async () => {},
        }),
      })];`;
    const half = `import { defineFunction } from 'fdp';
      export const half = defineFunction({
        name: 'half', summary: 'A half.', parameters: { x: 'number' }, result: 'number',
        examples: [{ of: { x: 2 }, gives: 1 }], call: ({ x }) => x / 2,
      });`;
    const path = projectIn(folder.path, {
      'own/twice.js': operator('twice', 'flatMap(context, (message) => [message, message])'),
      'own/half.js': half,
      'node_modules/counted/package.json': '{ "type": "module", "exports": { "import": "./lib/counted.js" } }',
      'node_modules/counted/lib/counted.js': counted,
      'node_modules/@team/kept/package.json': '{ "main": "kept" }',
      'node_modules/@team/kept/kept.js': kept,
      'pipeline.yml': `plugins: [./own/twice.js, "\${HALF:-./own/half.js}", counted, "@team/kept"]
connectors:
  numbers: { type: counted }
  out: { type: kept, path: out.ndjson }
topologies:
  show:
    source: numbers
    operators: [twice, { map: { h: 'half(n)' } }]
    sink: out
`,
    });
    expect(fdpRun(folder.path, ['validate'])).toMatchObject({ status: 0, stderr: '' });
    const { code, output } = await runUntil(path, 'six messages', () => lines(folder.path, 'out.ndjson').length >= 6);
    expect([code, output]).toEqual([0, expect.stringContaining('stopped cleanly')]);
    expect(
      lines(folder.path, 'out.ndjson')
        .slice(0, 6)
        .map(({ h }) => h),
    ).toEqual([0, 0, 0.5, 0.5, 1, 1]);
  });

  it('of another copy of fdp work: their errors are understood', async () => {
    using folder = temporaryFolder();
    const path = projectIn(folder.path, {
      'node_modules/other/package.json': '{ "type": "module", "exports": "./other.js" }',
      'node_modules/other/other.js': operator(
        'picky',
        `perMessage(context, () => { throw new FdpError('FDP_MESSAGE_REFUSED', 'picky: not this one'); })`,
      ).replace('perMessage,', 'perMessage, FdpError,'),
      'pipeline.yml': pipeline('other', '      - picky: {}'),
    });
    // A copy: its dist/ is another file for Node.js, and what it imports is found from there.
    const copy = join(folder.path, 'node_modules/other/node_modules/fdp');
    mkdirSync(dirname(copy), { recursive: true });
    for (const each of ['dist', 'package.json']) cpSync(each, join(copy, each), { recursive: true });
    symlinkSync(resolve('node_modules'), join(copy, 'node_modules'));
    const { code } = await runUntil(path, 'a letter', () => lines(folder.path, 'letters.ndjson').length > 0);
    expect(code).toBe(0);
    const [letter] = lines(folder.path, 'letters.ndjson');
    expect(letter).toMatchObject({ code: 'FDP_MESSAGE_REFUSED', reason: 'picky: not this one' });
  });
});

describe('a plugin that fails', () => {
  const plugin = (body: string) => operator('mine', body);
  const start = (folder: string, body: string, more = '') =>
    projectIn(folder, { 'mine.js': plugin(body), 'pipeline.yml': pipeline('./mine.js', `      - mine: {}${more}`) });

  it('for a message rejects that message, with its name in the dead letter; others pass', async () => {
    using folder = temporaryFolder();
    const body = `perMessage(context, (message) => {
      if (message.value.symbol === 'AAPL') null.x;
      return message;
    })`;
    const path = start(folder.path, body);
    const both = () => lines(folder.path, 'letters.ndjson').length > 1 && lines(folder.path, 'out.ndjson').length > 1;
    const { code } = await runUntil(path, 'letters and trades', both);
    expect(code).toBe(0);
    expect(lines(folder.path, 'letters.ndjson')[0]).toMatchObject({
      code: 'FDP_MESSAGE_INVALID',
      node: 'mine',
      reason: expect.stringMatching(/^mine \(plugin \.\/mine\.js\): Cannot read properties of null/),
    });
    expect(lines(folder.path, 'out.ndjson').every((row) => row['symbol'] === 'MSFT')).toBe(true);
  });

  it('when it is made ends its topology; another one runs on', async () => {
    using folder = temporaryFolder();
    const path = start(folder.path, "(() => { throw new TypeError('not made'); })()");
    const text = readFileSync(path, 'utf8')
      .replace(
        '  out:',
        '  second: { type: mock, symbols: [TSLA], rate: 20/s }\n  also: { type: file, path: also.ndjson }\n  out:',
      )
      .concat('  other: { source: second, sink: also }\n');
    writeFileSync(path, text);
    let before: number | undefined;
    const { code, output } = await runUntil(path, 'more of the other topology', ({ output }) => {
      const count = lines(folder.path, 'also.ndjson').length;
      if (output.includes('"ended: mine (plugin ./mine.js): not made"')) before ??= count;
      return before !== undefined && count > before;
    });
    expect([code, output]).toEqual([1, expect.stringContaining('other')]);
  });

  it.each([
    ['nothing', 'undefined'],
    ['a promise', 'Promise.resolve(perMessage(context, (message) => message))'],
  ])('and gives %s for an operator ends its topology with a line that says what to return', async (_what, body) => {
    using folder = temporaryFolder();
    const path = start(folder.path, body);
    const { code, output } = await runUntil(path, 'the end', () => false);
    expect([code, output]).toEqual([
      1,
      expect.stringMatching(/"ended: mine \(plugin \.\/mine\.js\): create gave no operator: return/),
    ]);
  });

  it.each([
    ['throws in a timer', "setTimeout(() => { throw new Error('late'); }, 300)", 'an error that nothing caught'],
    [
      'leaves a rejection unhandled',
      "setTimeout(() => { void Promise.reject(new Error('late')); }, 300)",
      'a rejected promise without a handler',
    ],
  ])('and %s stops the process with one line that names it, and exit code 1', async (_what, fails, text) => {
    using folder = temporaryFolder();
    const path = start(folder.path, `(${fails}, perMessage(context, (message) => message))`);
    const { code, output, log } = await runUntil(path, 'the end', () => false);
    expect([code, output]).toEqual([1, expect.any(String)]);
    const errors = log.filter(({ level }) => level === 'error');
    expect(errors).toEqual([
      expect.objectContaining({
        code: 'FDP_INTERNAL',
        plugin: './mine.js',
        msg: `${text} of the plugin ./mine.js: late: the process stops; what is in flight is read again`,
      }),
    ]);
  });

  it('and never resolves is named by the stop that waits for it', async () => {
    using folder = temporaryFolder();
    const body = 'lookup(context, () => new Promise(() => {}), { timeoutMs: 600_000 })';
    const path = start(folder.path, body);
    writeFileSync(join(folder.path, 'mine.js'), plugin(body).replace('perMessage,', 'lookup, perMessage,'));
    await using running = new Process(['--pipeline', path], { OBSERVE_PORT: '0' });
    await eventually('it has started', async () => running.output.includes('starting'));
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(await running.stop()).toBe(3);
    expect(running.output).toMatch(/waiting for show\/mine \(\d+ messages\)/);
    expect(running.output).toMatch(/forced: show\/mine left \d+ messages unfinished/);
  });
});
