import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/cli/platform.ts';

const tsconfig = {
  compilerOptions: {
    ...{ target: 'es2023', lib: ['es2023'], module: 'nodenext', types: ['node'] },
    ...{ strict: true, exactOptionalPropertyTypes: true, skipLibCheck: true, erasableSyntaxOnly: true },
  },
  files: ['component.ts'],
};

/** A component by a third party. It does not compile if a type is missing or wrong. */
const component = `
import { defineConnector, defineOperator, filter, noUsage, pollSource } from 'fdp';
import { operatorContract, optionsOf, sourceContract, VirtualClock, roleContext, testEnvironment } from 'fdp/testing';

const least = defineOperator({
  type: 'least',
  summary: 'Lets pass what is large enough.',
  options: {
    type: 'object',
    additionalProperties: false,
    properties: { of: { type: 'number', default: 2, description: 'The smallest value that passes.' } },
  },
  stateless: true,
  example: 'least: { of: 2 }',
  create({ of }, context) {
    const least: number = of;
    // @ts-expect-error an option has the type of its schema and no other
    const text: string = of;
    return filter(context, ({ value }) => text !== '' && (value as number) >= least);
  },
});

const ticks = defineConnector({
  type: 'ticks',
  summary: 'Ticks.',
  options: noUsage,
  example: 'ticks: { type: ticks }',
  source: { options: noUsage, guarantee: () => ({ loses: { why: 'a tick is made once' } }) },
  create: async (_options, { name }) => ({
    source: (_usage, role) => pollSource(role, { name, everyMs: 1000, poll: async () => [{ value: role.clock.now() }] }),
    close: async () => {},
  }),
});

const messages = [1, 2, 3].map((value) => ({ key: null, value }));
const checks = [
  ...operatorContract({ declaration: least, options: optionsOf(least, {}), messages }),
  ...sourceContract(async () => {
    const clock = new VirtualClock();
    const context = roleContext(testEnvironment(clock));
    const connector = await ticks.create({}, { ...testEnvironment(clock), name: 'ticks' });
    const source = connector.source?.({}, context);
    if (!source) throw new Error('no source');
    const guarantee = ticks.source?.guarantee?.({}, {}) ?? {};
    return { clock, source, guarantee, node: context.node };
  }),
];
for (const { run } of checks) await run();
process.stdout.write(String(checks.length));
`;

/** Installs the packed package in a folder, with only its own dependencies. */
function install(folder: string): void {
  const [{ filename }] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], { encoding: 'utf8' }),
  ) as [{ filename: string }];
  const target = join(folder, 'node_modules', 'fdp');
  mkdirSync(target, { recursive: true });
  execFileSync('tar', ['-xzf', join(folder, filename), '-C', target, '--strip-components=1']);
  const { dependencies } = JSON.parse(readFileSync(join(target, 'package.json'), 'utf8'));
  for (const name of [...Object.keys(dependencies), '@types/node']) {
    mkdirSync(dirname(join(folder, 'node_modules', name)), { recursive: true });
    symlinkSync(resolve('node_modules', name), join(folder, 'node_modules', name));
  }
}

describe('the package', () => {
  it('exports the kit as `fdp` and the contracts as `fdp/testing`, both with their types', () => {
    using folder = temporaryFolder();
    const { path } = folder;
    install(path);
    writeFileSync(join(path, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(path, 'tsconfig.json'), JSON.stringify(tsconfig));
    writeFileSync(join(path, 'component.ts'), component);
    const compile = () =>
      execFileSync(process.execPath, [resolve('node_modules/typescript/bin/tsc'), '-p', path], { encoding: 'utf8' });
    compile();
    const ran = execFileSync(process.execPath, [join(path, 'component.js')], { cwd: path, encoding: 'utf8' });
    expect(Number(ran)).toBe(19);
    writeFileSync(join(path, 'component.ts'), component.replace('everyMs: 1000', "everyMs: '1s'"));
    expect(compile).toThrow();
  });
});
