import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventually, Process, temporaryFolder } from '../support/cli/platform.ts';

// Plugins as their authors write them, in processes of their own: imported by Node.js itself, from files and packages.

type Files = Readonly<Record<string, string>>;

/** A folder with fdp installed, and these files. */
function projectIn(folder: string, files: Files): string {
  const all: Files = { 'package.json': '{ "type": "module" }', ...files };
  for (const [name, text] of Object.entries(all)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  mkdirSync(join(folder, 'node_modules'), { recursive: true });
  symlinkSync(process.cwd(), join(folder, 'node_modules', 'fdp'));
  return join(folder, 'pipeline.yml');
}

function fdpRun(folder: string, args: readonly string[], env: Files = {}) {
  const options = { cwd: folder, encoding: 'utf8', env: { PATH: process.env['PATH'], ...env } } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [resolve('bin/fdp-run.js'), ...args], options);
  return { status, stdout, stderr };
}

/** Every 100 ms a frame; `operators` see its trades. */
const pipeline = (plugins: string, operators: string, more = '') => `plugins: [${plugins}]
connectors:
  market: { type: mock, symbols: [AAPL, MSFT], rate: 20/s, seed: 1 }
  letters: { type: file, path: letters.ndjson }
  out: { type: file, path: out.ndjson }
settings: { dead_letter: letters, shutdown: 2s }
topologies:
  show:
    source: market
    dead_letter: letters
    operators:
      - explode: { field: data, as: { symbol: s, price: p } }
${operators}
    sink: out
${more}`;

const operator = (type: string, body: string) => `import { defineOperator, perMessage, flatMap, derive } from 'fdp';
export const it = defineOperator({
  type: '${type}', summary: 'For a test.', example: '${type}: {}',
  options: { type: 'object', description: 'None.', additionalProperties: false, properties: {} },
  create: (_options, context) => ${body},
});
`;

const lines = (folder: string, name: string): readonly Record<string, unknown>[] => {
  try {
    const text = readFileSync(join(folder, name), 'utf8').split('\n').slice(0, -1);
    return text.map((line) => JSON.parse(line) as Record<string, unknown>);
  } catch {
    return [];
  }
};

/** Runs the pipeline until `seen`, then stops it. */
async function runUntil(path: string, what: string, seen: (running: Process) => boolean) {
  await using running = new Process(['--pipeline', path], { OBSERVE_PORT: '0' });
  let ended: number | string | undefined;
  void running.ended.then((code) => {
    ended = code;
  });
  await eventually(what, async () => seen(running) || ended !== undefined);
  const code = ended ?? (await running.stop());
  return { code, output: running.output, log: running.log };
}

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

const typescript = Boolean((process.features as { readonly typescript?: unknown }).typescript);
const typed = (text: string) => `const size: number = 1;\nvoid size;\n${text}`;
const named = operator('mine', 'perMessage(context, (message) => message)');

describe('what is wrong with a plugin is one line, where the pipeline lists it', () => {
  const cases: readonly (readonly [what: string, plugins: string, files: Files, expected: RegExp])[] = [
    ['no file', './none.js', {}, /^pipeline\.yml:1:11: plugin \.\/none\.js: there is no such file\n/],
    [
      'no package',
      'fdp-none',
      {},
      /^pipeline\.yml:1:11: plugin fdp-none: there is no package "fdp-none"\n[\s\S]*npm install fdp-none/,
    ],
    [
      'a path without ./',
      'own/a.js',
      { 'own/a.js': named },
      /there is no package "own"\n[\s\S]*a file begins with \.\/: "\.\/own\/a\.js"/,
    ],
    [
      'no declaration',
      './a.js',
      { 'a.js': 'export const a = 1;' },
      /: plugin \.\/a\.js: exports no operator, connector or function\n/,
    ],
    [
      'an object that no definer made',
      './a.js',
      { 'a.js': "export const a = { type: 'mine', options: {}, create: () => {} };" },
      /what it exports as "mine" was not made by defineOperator/,
    ],
    [
      'a name of fdp',
      './a.js',
      { 'a.js': named.replace("'mine'", "'filter'") },
      /: plugin \.\/a\.js: operator "filter" is already in fdp\n/,
    ],
    [
      'a name of another plugin',
      './a.js, ./b.js',
      { 'a.js': named, 'b.js': named },
      /^pipeline\.yml:1:19: plugin \.\/b\.js: operator "mine" is already that of \.\/a\.js\n/,
    ],
    [
      'a function of CEL',
      './a.js',
      {
        'a.js': `import { defineFunction } from 'fdp';
          export const size = defineFunction({ name: 'size', summary: 'x', parameters: {}, result: 'any', examples: [{ of: {}, gives: 1 }], call: () => 1 });`,
      },
      /function "size" is already in fdp\n/,
    ],
    [
      'another kit',
      './a.js',
      {
        'a.js': `export const a = { type: 'mine', [Symbol.for('fdp.declaration')]: { kind: 'operator', kit: '2.0' } };`,
      },
      /operator "mine" was made for kit 2\.0, and this is kit 1\.\d\n[\s\S]*update fdp/,
    ],
    [
      'an exception at import',
      './a.js',
      { 'a.js': "const a = 1;\nthrow new TypeError('boom ' + a);" },
      /: plugin \.\/a\.js: failed while it was imported: boom 1 \(line 2\)\n/,
    ],
    [
      'no syntax',
      './a.js',
      { 'a.js': 'export const = ;' },
      /: plugin \.\/a\.js: can't be read: .*\n[\s\S]*where: node .*a\.js/,
    ],
    [
      'text that is no JSON',
      './a.js',
      { 'a.js': "\nJSON.parse('{');" },
      /: plugin \.\/a\.js: failed while it was imported: .*JSON.* \(line 2\)\n/,
    ],
    [
      'a package that it lacks',
      './a.js',
      { 'a.js': "import 'redis-that-is-not-there';" },
      /imports the package "redis-that-is-not-there", which is not installed\n[\s\S]*npm install redis-that-is-not-there/,
    ],
    [
      'an import that never ends',
      './a.js',
      { 'a.js': 'await new Promise(() => {});' },
      /has not been imported within 10 s\n/,
    ],
    [
      'a loop that never ends',
      './a.js',
      { 'a.js': 'try { for (;;); } finally { void 0; }' },
      /has not been imported within 10 s\n/,
    ],
    [
      'a schema that is none',
      './a.js',
      { 'a.js': named.replace("'None.',", "'None.', minimum: 'x',") },
      /operator "mine": options: .*minimum/,
    ],
    ['data', './a.json', { 'a.json': '{}' }, /a plugin is a file of JavaScript|failed while it was imported/],
    [
      'an enum',
      './a.ts',
      { 'a.ts': `enum A { B }\n${named}` },
      typescript
        ? /Node\.js can't strip its types: .*enum.*\n[\s\S]*write an object/
        : /: plugin \.\/a\.ts: Node\.js v\d+\.\d+\.\d+ runs no TypeScript\n[\s\S]*22\.18 and newer/,
    ],
  ];
  it.each(cases)('%s', (_what, plugins, files, expected) => {
    using folder = temporaryFolder();
    projectIn(folder.path, { ...files, 'pipeline.yml': pipeline(plugins, '      - mine') });
    const { status, stderr } = fdpRun(folder.path, ['validate']);
    expect(stderr).toMatch(expected);
    expect(stderr).toMatch(/\n1 problem\n$/);
    expect(stderr).not.toContain('    at ');
    expect(status).toBe(2);
    // Commands that need no pipeline do what they can.
    expect(fdpRun(folder.path, ['schema']).status).toBe(2);
  });

  it('a process that it ends while it is imported is told of, and the exit code is 2', () => {
    using folder = temporaryFolder();
    projectIn(folder.path, { 'a.js': 'process.exit(0);', 'pipeline.yml': pipeline('./a.js', '      - mine') });
    const { status, stderr } = fdpRun(folder.path, ['validate']);
    expect(stderr).toMatch(/^plugin .*a\.js: ended the process while it was imported: remove its process\.exit\(\)\n$/);
    expect(status).toBe(2);
  });

  it('a link: what it leads to is read, and says where its packages are looked for', () => {
    using folder = temporaryFolder();
    using elsewhere = temporaryFolder();
    projectIn(folder.path, { 'real.js': named, 'pipeline.yml': pipeline('./link.js', '      - mine') });
    const leadTo = (path: string) => {
      rmSync(join(folder.path, 'link.js'), { force: true });
      symlinkSync(path, join(folder.path, 'link.js'));
      return fdpRun(folder.path, ['validate']);
    };
    expect(leadTo('real.js')).toMatchObject({ status: 0, stderr: '' });
    expect(leadTo('none.js').stderr).toMatch(/plugin \.\/link\.js: there is no such file\n/);
    writeFileSync(join(elsewhere.path, 'real.js'), named);
    const { status, stderr } = leadTo(join(elsewhere.path, 'real.js'));
    expect(status).toBe(2);
    expect(stderr).toMatch(
      /^pipeline\.yml:1:11: plugin \.\/link\.js: imports the package "fdp", which is not installed\n/,
    );
    expect(stderr).toContain(`npm install fdp, in ${realpathSync(elsewhere.path)} or above it`);
  });

  it('shows the stack of an exception with LOG_LEVEL=debug', () => {
    using folder = temporaryFolder();
    projectIn(folder.path, { 'a.js': "throw new Error('boom');", 'pipeline.yml': pipeline('./a.js', '      - mine') });
    expect(fdpRun(folder.path, ['validate'], { LOG_LEVEL: 'debug' }).stderr).toMatch(/Error: boom\n {4}at .*a\.js:1:7/);
  });

  it.runIf(typescript)('TypeScript is none: Node.js strips the types', () => {
    using folder = temporaryFolder();
    projectIn(folder.path, { 'a.ts': typed(named), 'pipeline.yml': pipeline('./a.ts', '      - mine') });
    expect(fdpRun(folder.path, ['validate'])).toMatchObject({ status: 0, stdout: expect.stringContaining('is valid') });
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
