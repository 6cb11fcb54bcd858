import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { kept, leaks, plantedWorld, printed, served } from '../support/cli/planted-world.ts';
import { eventually, Process, temporaryFolder } from '../support/cli/platform.ts';
import { onOwnServices } from '../support/services/cluster.ts';
import { type KafkaService, type Service, startKafka, startMongo } from '../support/services/services.ts';

// As test/e2e/planted-secrets.test.ts, where real servers refuse what a user has set: a wrong password at Kafka and MongoDB, and
// a wrong token at a server that speaks Finnhub's protocol.

type Commands = readonly (readonly string[])[];

/** Commands that log in. */
const logins: Commands = [
  ['produce', 'kafka'],
  ['export', 'mongodb', '--symbol', 'AAPL', '-o', 'rows.csv'],
  ['record', '--from', 'kafka', '--since', '1h', '-o', 'tape'],
  ['--topology', 'relay,store,market'],
];
/** They, and those that show what others were told. */
const commands: Commands = [
  ...logins,
  ...[['validate'], ['config'], ['status', '--all'], ['status', '--json'], ['dead-letters', 'list', '--json']],
];

onOwnServices('planted secrets that real servers refuse', () => {
  let broker: KafkaService;
  let store: Service;
  beforeAll(async () => {
    [broker, store] = await Promise.all([startKafka({ secure: true }), startMongo({})]);
  });
  afterAll(() => Promise.all([broker.stop(), store.stop()]));

  it('are in nothing that the process or a command says, serves or keeps', async () => {
    using folder = temporaryFolder();
    const servers = { kafka: broker.secure?.sasl ?? '', mongodb: new URL(store.address).host };
    const world = await plantedWorld(
      folder.path,
      ({ exchange }) => ({ ...servers, finnhub: `127.0.0.1:${exchange}` }),
      false,
    );
    const start = (...args: readonly string[]) =>
      new Process(['--pipeline', join(folder.path, 'pipeline.yml'), ...args], world.env);
    // What is refused before it has ever worked ends the process.
    await using refused = start();
    expect([await refused.ended, refused.output]).toEqual([1, expect.stringContaining('finnhub: the server refused')]);
    expect(refused.output).toMatch(/ended: kafka: .*Invalid username or password: check `sasl/);
    expect(refused.output).toMatch(/ended: mongodb: .*Authentication failed/);
    // Another process serves what that one has reported of itself.
    await using serving = start('--topology', 'api,simulator,broadcast');
    const open = ['http', 'feed', 'exchange'].map((name) => `${name}: listening`);
    await eventually('servers', async () => open.every((text) => serving.output.includes(text)));
    const replies = await served(world);
    expect(replies['/metrics']).toContain('fdp_');
    const texts = Object.fromEntries(commands.map((command) => [command.join(' '), printed(world, ...command)]));
    for (const command of logins)
      expect([command, texts[command.join(' ')]]).toEqual([command, expect.stringMatching(/refuse|Invalid username/)]);
    await serving.stop();
    const output = { 'what ended': refused.output, 'what served': serving.output };
    expect(leaks({ ...replies, ...texts, ...kept(folder.path), ...output }, world)).toEqual([]);
  });
});
