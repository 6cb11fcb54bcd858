import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parrot } from '../support/cli/parrot.ts';
import { inputs, type PlantedWorld, plantedWorld, served } from '../support/cli/planted-world.ts';
import { eventually, freePort, Process, temporaryFolder } from '../support/cli/platform.ts';
import { secretsFound } from '../support/pipeline/planted-secrets.ts';

// A process with a secret wherever a user puts one, at debug, in good and in bad days: nothing that it says, serves or keeps has one.

function printed({ folder, env }: PlantedWorld, ...args: readonly string[]): string {
  const all = { PATH: process.env['PATH'], ...env, OBSERVE_PORT: '0' };
  const options = { cwd: folder, encoding: 'utf8', env: all } as const;
  const { stdout, stderr } = spawnSync(process.execPath, [resolve('bin/fdp-run.js'), ...args], options);
  return `${stdout}${stderr}`;
}

const commands: readonly (readonly string[])[] = [
  ['config'],
  ['list', 'leaky'],
  ['status', '--all'],
  ['status', '--json'],
  ['dead-letters', 'list', '--json'],
];

/** What is kept: all files but those that the user has written. */
function kept(folder: string): Readonly<Record<string, string>> {
  const names = readdirSync(folder).filter((name) => !inputs.has(name) && statSync(join(folder, name)).isFile());
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), 'latin1')]));
}

function expectNone(texts: Readonly<Record<string, string>>, { secrets }: PlantedWorld): void {
  const found = Object.entries(texts).flatMap(([where, text]) =>
    secretsFound(text, secrets).map((name) => `${name}: ${where}: ${around(text, secrets[name] ?? '')}`),
  );
  expect(found).toEqual([]);
}

const around = (text: string, secret: string) => text.slice(Math.max(0, text.indexOf(secret) - 200)).slice(0, 300);

describe('planted secrets in a running process', () => {
  it.each([
    ['nobody listens', '"node":"finnhub"'],
    ['it repeats what it is told', 'finnhub: the server refused the token'],
  ])('are in nothing, where %s', async (dependency, sign) => {
    using folder = temporaryFolder();
    await using echo = await parrot();
    const world = await plantedWorld(
      folder.path,
      dependency === 'nobody listens' ? await freePort() : echo.port,
      false,
    );
    await using running = new Process(['--pipeline', join(folder.path, 'pipeline.yml')], world.env);
    const expected = ['mongodb: ', 'kafka: ', sign, 'the vault refuses'];
    const open = ['http', 'feed', 'exchange'].map((name) => `${name}: listening`);
    await eventually('servers, dead letters, and all that is away', async () =>
      [...expected, ...open].every((text) => running.output.includes(text)),
    );
    const replies = await served(world);
    expect(replies['/hello']).toContain('"text":"hello"');
    expect(replies['/hello, by a browser']).toContain('"text":"hello"');
    expect(replies['/metrics']).toContain('fdp_');
    expect(replies['the stream']).toContain('event: status');
    expect(replies['the stream']).toContain('"mongodb"');
    expect(replies['the feed']).toContain('"AAPL"');
    expect(replies.exchange).toMatch(/trade|ping/);
    const texts = Object.fromEntries(commands.map((command) => [command.join(' '), printed(world, ...command)]));
    expect(texts['status --all']).toContain('vault');
    expect(texts['dead-letters list --json']).toContain(
      'the vault refuses ****** and ****** at redis://me:******@vault/',
    );
    if (dependency !== 'nobody listens') expect(echo.heard).toBeGreaterThan(2);
    await running.stop();
    expectNone({ ...replies, ...texts, ...kept(folder.path), 'its output': running.output }, world);
  });

  it('are not in what is said of an exception that nothing catches', async () => {
    using folder = temporaryFolder();
    const world = await plantedWorld(folder.path, await freePort(), true);
    await using running = new Process(['--pipeline', join(folder.path, 'pipeline.yml')], world.env);
    expect(await running.ended).toBe(1);
    expect(running.output).toContain('an error that nothing caught');
    expectNone({ ...kept(folder.path), 'its output': running.output }, world);
  });

  it('are not in what is said of a plugin that fails while it is imported', async () => {
    using folder = temporaryFolder();
    const world = await plantedWorld(folder.path, await freePort(), false);
    const failing = "throw new Error('no vault for ' + process.env.VAULT_TOKEN + ' at ' + process.env.VAULT_URL);\n";
    writeFileSync(join(folder.path, 'leaky.mjs'), failing);
    const texts = Object.fromEntries(
      [[], ['validate'], ['validate', '--json'], ['list']].map((command) => [
        command.join(' '),
        printed(world, ...command),
      ]),
    );
    expect(texts['validate']).toContain('no vault for ******');
    expectNone(texts, world);
  });
});
