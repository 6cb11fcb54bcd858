import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Cluster, type Edit, type Variables } from '../support/cli/cluster.ts';
import { pause, sized } from '../support/cli/faults.ts';
import { eventually, freePort } from '../support/cli/platform.ts';
import { Watched } from '../support/cli/watched.ts';
import { onOwnServices } from '../support/services/cluster.ts';
import { type KafkaService, type Secure, type Service, startKafka, startMongo } from '../support/services/services.ts';

/** More options of the topic and of the dead letter. */
function kafkaWith(options: string): readonly Edit[] {
  return [
    ['  ticks: { type: kafka,', `  ticks: { type: kafka, ${options},`],
    ['  rejected: { type: kafka,', `  rejected: { type: kafka, ${options},`],
  ];
}

onOwnServices('a pipeline with a mistake', () => {
  let kafka: KafkaService;
  let mongod: Service;
  let secure: Secure;
  let taken: Server;
  beforeAll(async () => {
    [kafka, mongod] = await Promise.all([startKafka({ secure: true }), startMongo({ args: ['--auth'] })]);
    if (kafka.secure) secure = kafka.secure;
    const admin = new MongoClient(mongod.address);
    await admin.db('admin').command({ createUser: 'fdp', pwd: 'r00t-pass', roles: ['root'] });
    await admin.close();
    const root = await new MongoClient(mongoAs('fdp', 'r00t-pass')).connect();
    await root.db('admin').command({ createUser: 'reader', pwd: 's3cret-pass', roles: ['readAnyDatabase'] });
    await root.close();
    taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
  });
  afterAll(async () => {
    taken?.close();
    await Promise.all([kafka?.stop(), mongod?.stop()]);
  });

  const mongoAs = (user: string, password: string) => mongod.address.replace('//', `//${user}:${password}@`);
  const takenPort = () => String((taken.address() as AddressInfo).port);
  const login = (password = secure.password, username = secure.username) =>
    `sasl: { mechanism: scram-sha-512, username: ${username}, password: "${password}" }`;
  const clusterWith = (edits: readonly Edit[]) => new Cluster(kafka.address, mongoAs('fdp', 'r00t-pass'), ...edits);

  interface Mistake {
    readonly topology?: string;
    readonly edits?: readonly Edit[];
    readonly variables?: Variables;
    /** What must stand in the one line that says it. */
    readonly words: RegExp;
  }
  const mistakes: Readonly<Record<string, () => Mistake>> = {
    'a wrong password of Kafka': () => ({
      edits: kafkaWith(login('wr0ng')),
      variables: { KAFKA_BROKERS: secure.sasl },
      words: /^ended: ticks: .*check `sasl\.mechanism`, `sasl\.username` and `sasl\.password`$/,
    }),
    'a user of Kafka without rights': () => ({
      edits: kafkaWith(login(secure.password, secure.powerless)),
      variables: { KAFKA_BROKERS: secure.sasl },
      words: /^ended: ticks: .*grant the user the permissions/,
    }),
    'an authority that did not sign the certificate of Kafka': () => ({
      edits: kafkaWith(`${login()}, tls: { ca: ${secure.certificates.otherCa} }`),
      variables: { KAFKA_BROKERS: secure.saslTls },
      words: /^ended: ticks: .*check `tls`/,
    }),
    'no certificate where Kafka wants one': () => ({
      edits: kafkaWith(`tls: { ca: ${secure.certificates.ca} }`),
      variables: { KAFKA_BROKERS: secure.tls },
      words: /^ended: ticks: .*check `tls`/,
    }),
    'a wrong password of Kafka behind the disk buffer': () => ({
      topology: 'ingestor',
      edits: kafkaWith(login('wr0ng')),
      variables: { KAFKA_BROKERS: secure.sasl },
      words: /^ended: (ticks|rejected): .*check `sasl\.mechanism`/,
    }),
    'a topic that nobody made': () => ({
      edits: kafkaWith('create_topic: false'),
      words: /^ended: ticks: .*create it, or set `create_topic: true`/,
    }),
    'a wrong password of MongoDB': () => ({
      variables: { MONGODB_URL: mongoAs('fdp', 'wr0ng') },
      words: /^ended: (trades|symbols): .*refuses user "fdp".*set the user and password in the url/,
    }),
    'no user where MongoDB wants one': () => ({
      variables: { MONGODB_URL: mongod.address },
      words: /^ended: (trades|symbols): .*set user and password in the url/,
    }),
    'a user of MongoDB who may only read': () => ({
      variables: { MONGODB_URL: mongoAs('reader', 's3cret-pass') },
      words: /^ended: (trades|symbols): .*grant it readWrite on /,
    }),
    'an API without its password': () => ({
      topology: 'api',
      variables: { MONGODB_URL: mongoAs('fdp', 'wr0ng') },
      words: /^ended: (trades|symbols): .*set the user and password in the url/,
    }),
    'a port of the API that is in use': () => ({
      topology: 'api',
      variables: { API_PORT: takenPort() },
      words:
        /^ended: http: port \d+ \(from API_PORT\) on 127\.0\.0\.1 is in use by another program: stop that program, or change `listen`$/,
    }),
    'a port of the TCP feed that is in use': () => ({
      topology: 'analytics',
      variables: { TCP_PORT: takenPort() },
      words: /^ended: vwap_feed: port \d+ \(from TCP_PORT\) on 127\.0\.0\.1 is in use by another program/,
    }),
  };

  it.each(Object.entries(mistakes))('%s: ends with 1 and one line that says what to set', async (_what, make) => {
    const { topology = 'processor', edits = [], variables = {}, words } = make();
    using cluster = clusterWith(edits);
    const { process } = await cluster.start(['--topology', topology], variables);
    expect(await process.ended, process.output).toBe(1);
    const logged = process.log.filter(({ level }) => level === 'error' || level === 'warn').map(({ msg }) => msg);
    expect(logged).toEqual([expect.stringMatching(words)]);
    expect(process.output).not.toMatch(/wr0ng|r00t-pass|s3cret-pass|correct horse/);
  });

  it('a folder for data that can not be written: ends with 1 and one line that names it', async () => {
    using cluster = clusterWith([]);
    const file = join(cluster.folder.path, 'file');
    writeFileSync(file, '');
    const { process } = await cluster.start(['--topology', 'ingestor'], { FDP_DATA: join(file, 'data') });
    expect(await process.ended, process.output).toBe(1);
    const logged = process.log.filter(({ level }) => level === 'error' || level === 'warn').map(({ msg }) => msg);
    expect(logged).toEqual([expect.stringContaining(file)]);
  });

  it('a port in use: ends a process of several topologies, once the others were tried', async () => {
    using cluster = clusterWith([]);
    const { process } = await cluster.start(['--topology', 'processor,api'], { API_PORT: takenPort() });
    expect(await process.ended, process.output).toBe(1);
    const errors = process.log.filter(({ level }) => level === 'error').map(({ msg }) => msg);
    expect(errors).toEqual([expect.stringContaining('is in use by another program')]);
    expect(process.output).toContain('"topology":"processor","msg":"stopped"');
  });

  const addresses: Readonly<Record<string, (port: number) => Variables>> = {
    'no broker at the address': (port) => ({ KAFKA_BROKERS: `127.0.0.1:${port}` }),
    'no host of the name of the broker': (port) => ({ KAFKA_BROKERS: `nowhere.invalid:${port}` }),
    'no server at the address of MongoDB': (port) => ({ MONGODB_URL: `mongodb://127.0.0.1:${port}` }),
  };
  it.concurrent.each(Object.entries(addresses))('%s: is logged once and waited for', async (_what, variables) => {
    using cluster = clusterWith([]);
    const waiting = await Watched.start(cluster, 'processor', variables(await freePort()));
    try {
      await eventually('it is logged', async () => waiting.changes().length > 0);
      await pause(sized({ full: 30_000, fast: 2000 }));
      await waiting.red();
      const changes = waiting.changes();
      expect(changes, waiting.process.output).toEqual([...new Set(changes)]);
      expect(waiting.lines.every(({ level }) => level !== 'error')).toBe(true);
      expect(await waiting.process.stop('SIGTERM'), waiting.process.output).toBe(0);
    } finally {
      await waiting.process.stop('SIGKILL');
    }
  });
});
