import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { browse, KafkaProcess, laneOf, numbered, readFrom } from '../support/kafka/harness.ts';
import { onOwnServices } from '../support/services/cluster.ts';
import { type KafkaService, type Secure, startKafka } from '../support/services/services.ts';

const one = { partitions: 1 };

onOwnServices('kafka with logins and certificates', () => {
  let broker: KafkaService;
  let secure: Secure;
  beforeAll(async () => {
    broker = await startKafka({ secure: true });
    if (broker.secure) secure = broker.secure;
  });
  afterAll(() => broker.stop());

  const login = (mechanism: string, more: object = {}) => ({
    sasl: { mechanism, username: secure.username, password: secure.password, ...more },
  });
  const refused = async (brokers: string, options: object, words: string) => {
    await using process = await KafkaProcess.on(brokers, { ...one, ...options });
    const expected = { code: 'FDP_REFUSED', fault: 'fatal', message: expect.stringContaining(words) };
    await expect(process.openSink()).rejects.toMatchObject(expected);
    await expect(process.openSource()).rejects.toMatchObject(expected);
  };
  const works = async (brokers: string, options: object) => {
    await using process = await KafkaProcess.on(brokers, { ...one, ...options });
    await process.append(numbered(0, 3));
    expect(await readFrom(laneOf(await process.openSource(), 0), 3, true)).toHaveLength(3);
    expect(await browse(process)).toHaveLength(3);
  };

  it.each(['plain', 'scram-sha-256', 'scram-sha-512'])(
    'logs in with %s, with and without encryption',
    async (mechanism) => {
      await works(secure.sasl, login(mechanism));
      await works(secure.saslTls, { ...login(mechanism), tls: { ca: secure.certificates.ca } });
    },
  );

  it('shows its own certificate', async () => {
    const { ca, cert, key } = secure.certificates;
    await works(secure.tls, { tls: { ca, cert, key } });
  });

  it.each(['plain', 'scram-sha-512'])('names what to set when the password is wrong (%s)', (mechanism) =>
    refused(secure.sasl, login(mechanism, { password: 'wrong' }), 'check `sasl.mechanism`'),
  );

  it('names what to set when the broker has another authority', async () => {
    await refused(secure.saslTls, { ...login('plain'), tls: { ca: secure.certificates.otherCa } }, 'check `tls`');
    await refused(secure.saslTls, { ...login('plain'), tls: {} }, 'check `tls`');
  });

  it('names what to set when a client certificate is required and missing, or a file is missing', async () => {
    const { ca } = secure.certificates;
    await refused(secure.tls, { tls: { ca } }, 'check `tls`');
    await refused(secure.tls, { tls: { ca: join(ca, 'nowhere.pem') } }, "`tls.ca` can't be read");
  });

  it('suggests TLS as a cause when the port closes the connection, as a starting broker does too', async () => {
    const tls = { ca: secure.certificates.ca };
    await using process = await KafkaProcess.on(secure.sasl, { ...one, ...login('plain'), tls });
    await expect(process.openSink()).rejects.toMatchObject({
      fault: 'transient',
      message: expect.stringContaining('does the port speak TLS?'),
    });
  });

  it('names the missing permissions', () =>
    refused(secure.sasl, login('plain', { username: secure.powerless }), 'grant the user the permissions'));

  it('reports a missing topic when it may not create one', () =>
    refused(broker.address, { create_topic: false }, 'create it, or set `create_topic: true`'));

  it('waits for brokers that can not keep as many copies as wanted', async () => {
    await using process = await KafkaProcess.on(broker.address, { replication_factor: 3 });
    await expect(process.openSink()).rejects.toMatchObject({ code: 'FDP_CONNECTION_LOST', fault: 'transient' });
  });
});
