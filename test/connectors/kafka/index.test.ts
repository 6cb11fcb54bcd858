import { describe, expect, it } from 'vitest';
import { kafka } from '../../../connectors/kafka/index.ts';
import { testEnvironment } from '../../../src/testing/environment.ts';
import { optionsOf } from '../../support/engine/options.ts';

describe('kafka', () => {
  const brokers = 'localhost:9092';

  it('takes what a user of Kafka expects', () => {
    const sasl = { mechanism: 'scram-sha-512', username: 'fdp', password: 'secret' };
    const tls = { ca: 'ca.pem', cert: 'client.pem', key: 'client.key' };
    const given = {
      brokers: 'a:9092, b:9093',
      topic: 'ticks',
      sasl,
      tls,
      buffer: 'disk',
      topic_config: { 'retention.ms': '1' },
    };
    expect(optionsOf(kafka, given)).toMatchObject({ ...given, partitions: 6, create_topic: true });
  });

  it.each([
    { brokers: 'localhost', topic: 't' },
    { brokers: 'user:password@localhost:9092', topic: 't' },
    { brokers, topic: '' },
    { brokers },
    { brokers, topic: 't', acks: 1 },
    { brokers, topic: 't', sasl: { mechanism: 'gssapi', username: 'a', password: 'b' } },
  ])('refuses %o', (options) => {
    expect(() => optionsOf(kafka, options)).toThrow();
  });

  it('wants a certificate with its key', () => {
    const found: string[] = [];
    kafka.check?.({ brokers, topic: 't', tls: { cert: 'client.pem' } }, (path, text) => found.push(`${path}: ${text}`));
    expect(found).toEqual(['tls: expected `cert` and `key` together, got one of them']);
  });

  it('touches nothing before a role connects', async () => {
    const created = await kafka.create(optionsOf(kafka, { brokers: '127.0.0.1:1', topic: 't' }), {
      ...testEnvironment(),
      name: 'ticks',
    });
    await created.close();
  });
});
