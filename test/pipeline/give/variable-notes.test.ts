import { describe, expect, it } from 'vitest';
import { type VariableOption, withVariables } from '../../../src/pipeline/give/variable-notes.ts';

const from = (variable: string, text: string) => ({ text, variables: [variable] });
const plain = (text: string) => ({ text, variables: [] });
const origin = (option: string, value: string | undefined, ...parts: VariableOption['parts']): VariableOption => ({
  option,
  value,
  parts,
});

const listen = origin('listen', '127.0.0.1:8000', from('API_HOST', '127.0.0.1'), plain(':'), from('API_PORT', '8000'));
const file = origin('path', '/srv/fdp/data/log.db', from('FDP_DATA', 'data'), plain('/log.db'));
const brokers = origin('brokers', 'k1:9092,k2:9092', from('KAFKA_BROKERS', 'k1:9092,k2:9092'));
const secretUrl = 'mongodb://fdp:9092@db.example.com:27018,other/?replicaSet=rs0';
const url = origin('url', secretUrl, from('MONGODB_URL', secretUrl));
const token = origin('token', undefined, from('FINNHUB_TOKEN', 'abc'));
const login = origin('sasl.password', undefined, from('KAFKA_PASSWORD', 'abc'));
const group = origin('group', 'prices', from('GROUP', 'prices'));
/** None of them is what the texts begin with. */
const anyOf = (...options: VariableOption[]) => [{ name: 'any', options }];
const all = anyOf(listen, file, brokers, url, token, login, group);

describe('where values come from', () => {
  it.each([
    ['http: port 8000 on 127.0.0.1 is in use', 'http: port 8000 (from API_PORT) on 127.0.0.1 is in use'],
    [
      'http: no permission to listen on port 8000 of x',
      'http: no permission to listen on port 8000 (from API_PORT) of x',
    ],
    ['127.0.0.1:8000 refuses it', '127.0.0.1:8000 (from API_HOST, API_PORT) refuses it'],
    ['no address 127.0.0.1: change it', 'no address 127.0.0.1 (from API_HOST): change it'],
    ['http: not allowed: change `listen`', 'http: not allowed: change `listen` (from API_HOST, API_PORT)'],
    ['/srv/fdp/data/log.db: disk full', '/srv/fdp/data/log.db (from FDP_DATA): disk full'],
    ['/srv/fdp/data: no folder', '/srv/fdp/data (from FDP_DATA): no folder'],
    ['ticks: k2:9092 refuses it', 'ticks: k2:9092 (from KAFKA_BROKERS) refuses it'],
    ['ticks: k1:9092, k2:9092', 'ticks: k1:9092 (from KAFKA_BROKERS), k2:9092 (from KAFKA_BROKERS)'],
    ['no such host k1', 'no such host k1 (from KAFKA_BROKERS)'],
    ['trades: db.example.com:27018 timed out', 'trades: db.example.com:27018 (from MONGODB_URL) timed out'],
    ['trades: other:27017 timed out', 'trades: other:27017 (from MONGODB_URL) timed out'],
    ['set `token` to a key', 'set `token` (from FINNHUB_TOKEN) to a key'],
    ['check `sasl.password`', 'check `sasl.password` (from KAFKA_PASSWORD)'],
    ['no right to group "prices"', 'no right to group "prices" (from GROUP)'],
  ])('%s', (text, expected) => {
    expect(withVariables(all, text)).toBe(expected);
  });

  it.each([
    'nothing of it is here',
    'port 80001, 127.0.0.1:80001, x127.0.0.1:8000x',
    '/srv/fdp/data2, other.example.com, k22:9092, k2:90921',
    'a port of 8000 ms',
  ])('leaves alone: %s', (text) => {
    expect(withVariables(all, text)).toBe(text);
  });

  it('names one value once, whoever has it, and never shows a secret', () => {
    expect(withVariables(anyOf(url, url), 'db.example.com:27018: no')).toBe(
      'db.example.com:27018 (from MONGODB_URL): no',
    );
    expect(withVariables(anyOf(token), 'the token abc is refused')).toBe('the token abc is refused');
  });

  it('says nothing of what stands in the pipeline itself', () => {
    const fixed = origin('listen', '127.0.0.1:8000', plain('127.0.0.1:'), from('API_PORT', '8000'));
    expect(withVariables(anyOf(fixed), 'no address 127.0.0.1')).toBe('no address 127.0.0.1');
    expect(withVariables(anyOf(fixed), 'port 8000 is in use')).toBe('port 8000 (from API_PORT) is in use');
  });

  it('names nothing of another connector where the text begins with one', () => {
    const local = origin('brokers', '127.0.0.1:9092', from('KAFKA_BROKERS', '127.0.0.1:9092'));
    const connectors = [
      { name: 'ticks', options: [local] },
      { name: 'feed', options: [] },
    ];
    expect(withVariables(connectors, 'feed: port 8888 on 127.0.0.1 is in use')).toBe(
      'feed: port 8888 on 127.0.0.1 is in use',
    );
    expect(withVariables(connectors, 'ticks: 127.0.0.1:9092: gone')).toBe(
      'ticks: 127.0.0.1:9092 (from KAFKA_BROKERS): gone',
    );
    expect(withVariables(connectors, '127.0.0.1 is down')).toBe('127.0.0.1 (from KAFKA_BROKERS) is down');
  });
});
