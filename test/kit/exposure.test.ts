import { describe, expect, it } from 'vitest';
import { connectors } from '../../connectors/index.ts';
import { operators } from '../../operators/index.ts';
import { resolveProcess } from '../../src/cli/shared/process-settings.ts';
import { validate } from '../../src/cli/validate.ts';
import { isLoopback } from '../../src/kit/exposure.ts';
import { readSpec } from '../../src/pipeline/read.ts';
import { folderWith } from '../support/pipeline/spec.ts';

it.each([
  ...[
    'localhost',
    'LOCALHOST',
    '127.0.0.1',
    '127.1.2.3',
    '127.255.255.255',
    '::1',
    '0:0:0:0:0:0:0:1',
    '::ffff:127.0.0.1',
  ],
])('only this machine reaches %s', (host) => {
  expect(isLoopback(host)).toBe(true);
});

it.each([
  ...['0.0.0.0', '::', '128.0.0.1', '126.255.255.255', '10.0.0.1', '::2', '::ffff:10.0.0.1', 'fe80::1'],
  ...['localhost.example.com', '127.0.0.1.example.com', 'example.com', '127.0.0', ''],
])('others may reach %s', (host) => {
  expect(isLoopback(host)).toBe(false);
});

const secure = 'keys: { file: keys.json }, tls: { cert: cert.pem, key: key.pem }';
const pipeline = (http: string, feed: string) => `connectors:
  mock: { type: mock, symbols: [A], rate: 1/s }
  http: { type: rest, ${http} }
  feed: { type: tcp, ${feed} }
topologies:
  show: { source: mock, sink: feed }
`;
const here = 'listen: "127.0.0.1:8888"';

function requestOf(text: string, env: Readonly<Record<string, string>> = {}) {
  const folder = folderWith({ 'pipeline.yml': text });
  return { pipelinePath: `${folder}/pipeline.yml`, env, components: { connectors, operators }, folder };
}

const validated = (text: string, env?: Readonly<Record<string, string>>) => validate(requestOf(text, env));

describe('a server beyond this machine', () => {
  it.each([
    ['', 'keys and TLS'],
    [', keys: { file: keys.json }', 'TLS'],
    [', tls: { cert: cert.pem, key: key.pem }', 'keys'],
    [', insecure: false', 'keys and TLS'],
  ])('is refused with "%s", in its line, because it lacks %s', (more, missing) => {
    for (const [text, line, name] of [
      [pipeline(`listen: "0.0.0.0:8000"${more}`, here), 3, 'http'],
      [pipeline('listen: "[::1]:8000"', `listen: "0.0.0.0:8888"${more}`), 4, 'feed'],
      [pipeline(`listen: "fdp.example.com:8000"${more}`, here), 3, 'http'],
    ] as const) {
      const { text: said, exitCode } = validated(text);
      expect(exitCode).toBe(2);
      expect(said).toContain(`pipeline.yml:${line}:`);
      expect(said).toMatch(
        new RegExp(`${name}: .*8{1,4}0{0,3}\\d* can be reached from other machines, without ${missing}\\n`),
      );
      expect(said).toContain('`insecure: true` leaves it open');
    }
  });

  it('is accepted with both, with insecure: true, and on a loopback address', () => {
    for (const [http, feed] of [
      [`listen: "0.0.0.0:8000", ${secure}`, `listen: "0.0.0.0:8888", ${secure}`],
      ['listen: "0.0.0.0:8000", insecure: true', 'listen: "[::]:8888", insecure: true'],
      ['listen: "localhost:8000"', 'listen: "127.8.8.8:8888"'],
    ] as const)
      expect(validated(pipeline(http, feed)).text).toContain('pipeline.yml is valid');
  });

  it('names the variable that its address comes from', () => {
    const host = ['$', '{API_HOST:-127.0.0.1}'].join('');
    const text = pipeline(`listen: "${host}:8000"`, here);
    expect(validated(text).exitCode).toBe(0);
    expect(validated(text, { API_HOST: '0.0.0.0' }).text).toContain('without keys and TLS (from API_HOST)');
  });

  it.each([
    [
      { OBSERVE_HOST: '0.0.0.0' },
      'OBSERVE_HOST: 0.0.0.0 lets other machines reach metrics and health, without keys and TLS',
    ],
    [
      { OBSERVE_HOST: '::', OBSERVE_KEYS: 'keys.json' },
      'OBSERVE_HOST: :: lets other machines reach metrics and health, without TLS',
    ],
    [{ OBSERVE_HOST: '0.0.0.0', FDP_INSECURE: 'false' }, 'without keys and TLS'],
    [{ OBSERVE_HOST: '0.0.0.0', FDP_INSECURE: 'true' }, undefined],
    [{ OBSERVE_HOST: 'localhost' }, undefined],
    [{ OBSERVE_HOST: '0.0.0.0', OBSERVE_KEYS: 'k', OBSERVE_TLS_CERT: 'c', OBSERVE_TLS_KEY: 'k' }, undefined],
  ])('of metrics and health: %j', (env, problem) => {
    const request = requestOf(pipeline('listen: "127.0.0.1:8000"', here), env);
    const { problems } = resolveProcess(readSpec(request), {});
    expect(problems.map(({ message }) => message)).toEqual(
      problem === undefined ? [] : [expect.stringContaining(problem)],
    );
  });

  it('is what the shipped pipeline has with FDP_INSECURE only', () => {
    const request = { pipelinePath: 'pipeline.yml', components: { connectors, operators }, folder: process.cwd() };
    const shipped = (env: Readonly<Record<string, string>>) => validate({ ...request, env });
    expect(shipped({}).exitCode).toBe(0);
    const open = { API_HOST: '0.0.0.0', TCP_HOST: '0.0.0.0' };
    expect(shipped(open).text.match(/can be reached from other machines/g)).toHaveLength(2);
    expect(shipped({ ...open, FDP_INSECURE: 'true' }).exitCode).toBe(0);
  });
});
