import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { kept, leaks, plantedWorld, printed, served } from '../support/cli/planted-world.ts';
import { eventually, Process, temporaryFolder } from '../support/cli/platform.ts';
import { onOwnServices } from '../support/services/cluster.ts';
import { type KafkaService, type Service, startKafka, startMongo } from '../support/services/services.ts';

// As test/e2e/planted-secrets.test.ts, where real servers refuse what a user has set: a wrong password at Kafka and MongoDB, and
// a wrong token at a server that speaks Finnhub's protocol.

/** Commands that log in, or show what those that did were told. */
const commands: readonly (readonly string[])[] = [
  ['validate'],
  ['config'],
  ['status', '--all'],
  ['status', '--json'],
  ['produce', 'kafka'],
  ['export', 'mongodb', '-o', 'rows.csv'],
  ['record', '--from', 'kafka', '--since', '1h', '-o', 'tape'],
  ['dead-letters', 'list', '--json'],
  ['dead-letters', 'replay', '--again'],
  ['reconcile', 'mongodb'],
  ['--topology', 'relay,store,market'],
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
    await using running = new Process(['--pipeline', join(folder.path, 'pipeline.yml')], world.env);
    const refusals = [
      /"topology":"relay".*FDP_REFUSED.*ended: kafka: .*check `sasl/,
      /"topology":"store".*FDP_REFUSED.*ended: mongodb: /,
      /finnhub: the server refused the token/,
    ];
    await eventually('all three are refused', async () => refusals.every((each) => each.test(running.output)));
    const replies = await served(world);
    (await import('node:fs')).writeFileSync('/tmp/r/open-pl-out.log', running.output + JSON.stringify(replies, undefined, 1));
    expect(replies['/metrics']).toContain('fdp_');
    const texts = Object.fromEntries(commands.map((command) => [command.join(' '), printed(world, ...command)]));
    for (const command of commands.slice(4, 7)) expect(texts[command.join(' ')]).toMatch(/FDP_REFUSED|refuse|check/);
    expect(texts['--topology relay,store,market']).toMatch(/FDP_REFUSED/);
    await running.stop();
    expect(leaks({ ...replies, ...texts, ...kept(folder.path), 'its output': running.output }, world)).toEqual([]);
  });
});
