import { realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/cli/platform.ts';
import { type Files, fdpRun, operator, pipeline, projectIn } from '../support/cli/plugin-project.ts';

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
  });

  it('and ends the commands that need no valid pipeline as well', () => {
    using folder = temporaryFolder();
    projectIn(folder.path, { 'pipeline.yml': pipeline('./none.js', '      - mine') });
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
