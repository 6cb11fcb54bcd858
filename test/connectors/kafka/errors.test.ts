import { describe, expect, it } from 'vitest';
import { kafkaError, reasonOf } from '../../../connectors/kafka/errors.ts';
import { FdpError } from '../../../src/errors.ts';

const named = (name: string, more: object = {}) => Object.assign(new Error('it failed'), { name, ...more });
const classified = (error: unknown) => {
  const { code, fault, message } = kafkaError('ticks', 'connecting', error);
  return { code, fault, message };
};

describe('errors of kafka', () => {
  it.each([
    [named('KafkaJSProtocolError', { type: 'SASL_AUTHENTICATION_FAILED' }), '`sasl.password`'],
    [named('KafkaJSSASLAuthenticationError'), '`sasl.password`'],
    [named('KafkaJSProtocolError', { type: 'TOPIC_AUTHORIZATION_FAILED' }), 'permissions'],
    [named('KafkaJSProtocolError', { type: 'GROUP_AUTHORIZATION_FAILED' }), 'permission to read with this group'],
    [named('KafkaJSConnectionError', { code: 'SELF_SIGNED_CERT_IN_CHAIN' }), '`tls`'],
    [named('KafkaJSConnectionError', { code: 'CERT_HAS_EXPIRED' }), '`tls`'],
    [named('KafkaJSConnectionError', { code: 'ERR_TLS_CERT_ALTNAME_INVALID' }), '`server_name`'],
  ])('that a person must cure say what to set: %o', (error, words) => {
    const found = classified(error);
    expect(found).toMatchObject({ code: 'FDP_REFUSED', fault: 'fatal' });
    expect(found.message).toContain(words);
    expect(found.message).toMatch(/^ticks: connecting: it failed/);
  });

  it('are looked for behind the names that kafkajs wraps them in', () => {
    const cause = named('KafkaJSProtocolError', { type: 'TOPIC_AUTHORIZATION_FAILED' });
    expect(classified(named('KafkaJSNumberOfRetriesExceeded', { cause })).code).toBe('FDP_REFUSED');
    expect(classified(named('KafkaJSAggregateError', { errors: [cause] })).code).toBe('FDP_REFUSED');
    expect(reasonOf(kafkaError('ticks', '', named('KafkaJSNonRetriableError', { cause })))).toBe(
      'TOPIC_AUTHORIZATION_FAILED',
    );
  });

  it.each(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'ETIMEDOUT', 'EAI_AGAIN'])(
    'of networks are waited out: %s',
    (code) => {
      expect(classified(named('KafkaJSConnectionError', { code }))).toMatchObject({
        code: 'FDP_CONNECTION_LOST',
        fault: 'transient',
      });
    },
  );

  it("say of an address that nobody has written that it is the broker's own", () => {
    const cause = named('KafkaJSConnectionError', { code: 'ENOTFOUND', broker: 'kafka-1:9092' });
    const error = named('KafkaJSNumberOfRetriesExceeded', { cause });
    const { message } = kafkaError('ticks', 'reading', error, ['localhost:9092']);
    expect(message).toContain("kafka-1:9092 is the broker's own name (advertised.listeners)");
    expect(kafkaError('ticks', 'reading', error, ['kafka-1:9092']).message).not.toContain('advertised');
  });

  it.each(['NOT_LEADER_FOR_PARTITION', 'LEADER_NOT_AVAILABLE', 'INVALID_REPLICATION_FACTOR', 'NOT_ENOUGH_REPLICAS'])(
    'of brokers that come and go are waited out: %s',
    (type) => {
      expect(classified(named('KafkaJSProtocolError', { type }))).toMatchObject({ fault: 'transient' });
    },
  );

  it('that are classified already stay as they are', () => {
    const error = new FdpError('FDP_CLOSED', 'ticks: closed');
    expect(kafkaError('ticks', 'reading', error)).toBe(error);
  });
});
