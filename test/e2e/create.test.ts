import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { create, createKinds } from '../../src/cli/create/create.ts';
import { projectIn } from '../support/cli/packed.ts';
import { eventually, freePort, Process, temporaryFolder } from '../support/cli/platform.ts';
import { blockNamed } from '../support/docs/blocks.ts';
import { commandsOf, fdpArguments } from '../support/docs/commands.ts';

// What `fdp create` writes, in a project that has the packed fdp, vitest and a compiler installed.

const tool = (name: string) => resolve('node_modules', name);

function node(folder: string, args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    ...{ cwd: folder, encoding: 'utf8', env: { PATH: process.env['PATH'], NO_COLOR: '1' } },
  });
  return { status, output: stdout + stderr };
}

const vitest = (folder: string, ...files: readonly string[]) =>
  node(folder, [tool('vitest/vitest.mjs'), 'run', '--reporter=verbose', ...files]);

/** Writes a file whose first line is its path, as a comment. */
function write(folder: string, text: string): void {
  const [, path = ''] = /^\/\/ (\S+)\n/.exec(text) ?? [];
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

const include = ['operators', 'connectors', 'functions'];

/** What the compiler says of the plugins in a folder, those in JavaScript as well. */
function compiled(folder: string) {
  const compilerOptions = {
    ...{ module: 'nodenext', target: 'es2022', strict: true, noEmit: true, skipLibCheck: true, types: ['node'] },
    ...{ noUnusedLocals: true, noImplicitReturns: true, exactOptionalPropertyTypes: true, checkJs: true },
    ...{ noUncheckedIndexedAccess: true, erasableSyntaxOnly: true, verbatimModuleSyntax: true },
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include }));
  return node(folder, [tool('typescript/bin/tsc'), '-p', '.']);
}

/** Tests of the three plugins of docs/plugins.md. */
function contractsOf(port: number): readonly string[] {
  const each = (contract: string, made: string) => `for (const { title, run } of ${contract}(${made})) it(title, run);`;
  const rising = `{ declaration: rising, options: optionsOf(rising, {}), rejected: [2],
    messages: [1, 2, 'none'].map((price) => ({ key: 'AAPL', value: { price } })) }`;
  const source = `async () => {
  const sender = createSocket('udp4');
  const bench = await connectorBench(datagrams, { port: ${port} });
  let next = 0;
  return {
    ...{ clock: bench.clock, node: bench.node, source: bench.source(), numberOf: ({ value }) => Number(value) },
    give: async (count) => {
      while (bench.node.state !== 'ok') await new Promise((done) => setTimeout(done, 5));
      for (let left = count; left > 0; left--) sender.send(JSON.stringify(next++), ${port}, '127.0.0.1');
    },
    dispose: async () => { sender.close(); },
  };
}`;
  const imports = (names: string, own: string, path: string) =>
    `import { it } from 'vitest';\nimport { ${names} } from 'fdp/testing';\nimport { ${own} } from '${path}';\n`;
  return [
    `// operators/rising.test.js\n${imports('operatorContract, optionsOf', 'rising', './rising.js')}${each('operatorContract', rising)}`,
    `// connectors/datagrams.test.js\nimport { createSocket } from 'node:dgram';\n${imports('connectorBench, sourceContract', 'datagrams', './datagrams.js')}${each('sourceContract', source)}`,
    `// functions/spread.test.js\n${imports('functionContract', 'spread', './spread.js')}${each('functionContract', 'spread')}`,
  ];
}

describe('fdp create', () => {
  it('writes TypeScript and tests that compile, are lint-free and pass', () => {
    using folder = temporaryFolder();
    projectIn(folder.path);
    const written = createKinds.map(
      (kind) => create(folder.path, { kind, name: `my-${kind}`, stripsTypes: true }).text,
    );
    const files = written.flatMap((text) => [...text.matchAll(/\S+\/my-\S+\.ts\b/g)].map(([path]) => path));
    expect(new Set(files).size).toBe(3 * createKinds.length); // the file, as `plugins` lists it, and its test
    expect(compiled(folder.path)).toEqual({ status: 0, output: '' });
    expect(node(folder.path, [tool('@biomejs/biome/bin/biome'), 'lint', ...include]).status).toBe(0);
    const { status, output } = vitest(folder.path);
    expect([status, output]).toEqual([0, expect.stringMatching(/4 passed \(4\)/)]);
  });

  it('works as docs/plugins.md says: from nothing to a running operator', async () => {
    using folder = temporaryFolder();
    const project = projectIn(folder.path);
    const fdpRun = (args: readonly string[]) => node(folder.path, [project.program('fdp'), ...args]);
    const [made, test] = commandsOf(blockNamed('docs/plugins.md', 'create'));
    const { output } = fdpRun((made && fdpArguments(made)) ?? []);
    // The document shows JavaScript, which every Node.js runs.
    const extension = /operators\/scale\.(ts|js) and/.exec(output)?.[1] ?? '';
    expect(test?.words).toEqual(['npx', 'vitest', 'run', 'operators/scale.test.js']);
    expect(vitest(folder.path, `operators/scale.test.${extension}`)).toMatchObject({ status: 0 });
    write(folder.path, blockNamed('docs/plugins.md', 'function').text);
    const pipeline = blockNamed('docs/plugins.md', 'pipeline').text.replace('scale.js', `scale.${extension}`);
    writeFileSync(join(folder.path, 'pipeline.yml'), pipeline);
    const [validate, list, schema, run] = commandsOf(blockNamed('docs/plugins.md', 'run')).map(fdpArguments);
    expect(fdpRun(validate ?? [])).toEqual({ status: 0, output: 'pipeline.yml is valid: no profile; starts show\n' });
    expect(fdpRun(list ?? []).output).toMatch(/^scale \(operator\)\nof the plugin \.\/operators\/scale\./);
    expect(JSON.parse(fdpRun(schema ?? []).output).definitions.operator_scale.properties).toHaveProperty('factor');
    expect(run).toEqual([]);
    await using running = new Process(['--pipeline', join(folder.path, 'pipeline.yml')], { OBSERVE_PORT: '0' });
    await eventually('a trade', async () => /\{"symbol":"\w+","price":\d+[^}]*,"off":-?\d/.test(running.stdout));
    expect(await running.stop()).toBe(0);
  });

  it('is not needed: the operator, the source and the function of docs/plugins.md pass their contracts and run', async () => {
    using folder = temporaryFolder();
    const project = projectIn(folder.path);
    const port = await freePort();
    for (const name of ['state', 'push source', 'connecting source', 'connecting test', 'function'])
      write(folder.path, blockNamed('docs/plugins.md', name).text);
    for (const text of contractsOf(port)) write(folder.path, text);
    const { status, output } = vitest(folder.path);
    expect([status, output]).toEqual([0, expect.stringMatching(/4 passed \(4\)/)]);
    const pipeline = `plugins: [./operators/rising.js, ./connectors/datagrams.js, ./functions/spread.js]
connectors: { ticks: { type: datagrams, port: ${port} }, out: { type: stdout } }
topologies:
  show:
    source: ticks
    operators: [rising: {}, map: { rising: 'rising', off: 'spread(price, 100.0)' }]
    sink: out
`;
    writeFileSync(join(folder.path, 'pipeline.yml'), pipeline);
    expect(project.run(['validate'])).toMatchObject({ status: 0, stderr: '' });
    const yaml = `name: a value that is higher than the one before has risen once
topology: show
input: [{ message: { price: 1 } }, { message: { price: 2 } }]
expect: { out: [{ rising: 0 }, { rising: 1 }], dead_letters: 0 }
`;
    writeFileSync(join(folder.path, 'show.test.yml'), yaml);
    expect(project.run(['test'])).toMatchObject({ status: 0, stdout: expect.stringContaining('1 passed') });
    expect(project.run(['completion', 'bash']).stdout).toMatch(/\brising\b.*\bspread\b/);
    await using running = new Process(['--pipeline', join(folder.path, 'pipeline.yml')], { OBSERVE_PORT: '0' });
    const sender = createSocket('udp4');
    let price = 1;
    await eventually('a line', async () => {
      sender.send(JSON.stringify({ price: price++ }), port, '127.0.0.1');
      return /^\{"rising":[1-9]\d*,"off":-\d/m.test(running.stdout);
    });
    sender.close();
    expect(await running.stop()).toBe(0);
  });

  it('and docs/plugins.md write JavaScript whose types an editor knows: with checkJs it compiles, and a mistake is found', () => {
    using folder = temporaryFolder();
    projectIn(folder.path);
    for (const kind of createKinds) create(folder.path, { kind, name: `my-${kind}`, stripsTypes: false });
    const names = ['state', 'push source', 'function', 'connecting source', 'connecting test'];
    const documented = names.map((name) => blockNamed('docs/plugins.md', name).text);
    for (const text of [...documented, ...contractsOf(1)]) write(folder.path, text);
    expect(compiled(folder.path)).toEqual({ status: 0, output: '' });
    const [state = '', source = '', spread = ''] = documented;
    write(folder.path, state.replace("typeof price !== 'number'", 'typeof price !== max_keys'));
    write(folder.path, source.replace('valueOrProblem(raw, name)', 'valueOrProblem(raw, port)'));
    write(folder.path, spread.replace('price - reference', 'price - reference.last'));
    const errors = compiled(folder.path)
      .output.split('\n')
      .map((line) => line.replace(/\(.*/, ''));
    expect(errors).toEqual(
      expect.arrayContaining(['operators/rising.js', 'connectors/datagrams.js', 'functions/spread.js']),
    );
  });

  it.each([
    [['operator', 'scale'], 'operators/scale.ts exists already; nothing was written'],
    [['widget', 'scale'], 'expected one of operator, source, sink, function, got "widget"'],
    [['operator', 'Scale'], '"Scale" can\'t be a name'],
    [['operator', '../scale'], '"../scale" can\'t be a name'],
    [['function', 'switch'], '"switch" can\'t be a name: it is a word of JavaScript'],
  ])('refuses %s: %s', ([kind = '', name = ''], text) => {
    using folder = temporaryFolder();
    mkdirSync(join(folder.path, 'operators'));
    writeFileSync(join(folder.path, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(folder.path, 'operators', 'scale.ts'), 'mine');
    expect(() => create(folder.path, { kind, name, stripsTypes: true })).toThrow(text);
    expect(readFileSync(join(folder.path, 'operators', 'scale.ts'), 'utf8')).toBe('mine');
    expect(readdirSync(folder.path).sort()).toEqual(['operators', 'package.json']);
  });

  it('takes the extension of a module where package.json does not say that files are', () => {
    using folder = temporaryFolder();
    const { text } = create(folder.path, { kind: 'function', name: 'half-of', dir: 'own', stripsTypes: false });
    expect(text).toMatch(/^wrote own\/half-of\.mjs and own\/half-of\.test\.mjs\nplugins: \[\.\/own\/half-of\.mjs\]/);
    expect(readFileSync(join(folder.path, 'own', 'half-of.test.mjs'), 'utf8')).toContain("from './half-of.mjs'");
    expect(readFileSync(join(folder.path, 'own', 'half-of.mjs'), 'utf8')).toContain("name: 'half_of'");
  });
});
