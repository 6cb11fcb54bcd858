import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parrot } from '../support/cli/parrot.ts';
import { kept, leaks, plantedWorld, printed, served } from '../support/cli/planted-world.ts';
import { eventually, freePort, Process, temporaryFolder } from '../support/cli/platform.ts';
import { allAt } from '../support/pipeline/planted-secrets.ts';

// A process with a secret wherever a user puts one, at debug, in good and in bad days: nothing that it says, serves or keeps has one.

const commands: readonly (readonly string[])[] = [
  ['config'],
  ['list', 'leaky'],
  ['status', '--all'],
  ['status', '--json'],
  ['dead-letters', 'list', '--json'],
];

describe('planted secrets in a running process', () => {
  it.each([
    ['nobody listens', '"node":"finnhub"'],
    ['it repeats what it is told', 'finnhub: the server refused the token'],
  ])('are in nothing, where %s', async (dependency, sign) => {
    using folder = temporaryFolder();
    await using echo = await parrot();
    const world = await plantedWorld(
      folder.path,
      allAt(dependency === 'nobody listens' ? await freePort() : echo.port),
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
    expect(leaks({ ...replies, ...texts, ...kept(folder.path), 'its output': running.output }, world)).toEqual([]);
  });

  it('are not in what is said of an exception that nothing catches', async () => {
    using folder = temporaryFolder();
    const world = await plantedWorld(folder.path, allAt(await freePort()), true);
    await using running = new Process(['--pipeline', join(folder.path, 'pipeline.yml')], world.env);
    expect(await running.ended).toBe(1);
    expect(running.output).toContain('an error that nothing caught');
    expect(leaks({ ...kept(folder.path), 'its output': running.output }, world)).toEqual([]);
  });

  it('are not in what is said of a plugin that fails while it is imported', async () => {
    using folder = temporaryFolder();
    const world = await plantedWorld(folder.path, allAt(await freePort()), false);
    const failing = "throw new Error('no vault for ' + process.env.VAULT_TOKEN + ' at ' + process.env.VAULT_URL);\n";
    writeFileSync(join(folder.path, 'leaky.mjs'), failing);
    const texts = Object.fromEntries(
      [[], ['validate'], ['validate', '--json'], ['list']].map((command) => [
        command.join(' '),
        printed(world, ...command),
      ]),
    );
    expect(texts['validate']).toContain('no vault for ******');
    expect(leaks(texts, world)).toEqual([]);
  });
});
