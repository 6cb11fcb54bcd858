import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { config } from '../../../src/cli/config.ts';
import { validate } from '../../../src/cli/validate.ts';
import { describeConfig } from '../../../src/pipeline/give/describe.ts';
import { folderWith, readText, shippedComponents } from '../../support/pipeline/spec.ts';

const variable = (name: string) => `"$\{${name}}"`;
const text = `name: example
settings: { dead_letter: log }
connectors:
  finnhub: { type: finnhub, url: ${variable('URL:-wss://me:secret@x/?token=abc')}, token: ${variable('TOKEN')}, symbols: &s [A, B] }
  mock: { type: mock, symbols: *s, seed: ${variable('SEED:-7')} }
  log: { type: kafka, brokers: "b:1", topic: ${variable('TOKEN:-t')}, sasl: { mechanism: plain, username: me, password: hunter22 } }
  feed: { type: tcp, listen: "127.0.0.1:8888" }
  http: { type: rest, listen: "127.0.0.1:8000" }
topologies:
  t:
    description: Trades.
    source: mock
    operators:
      - explode: { field: data }
    sinks:
      - connector: log
        name: main
      - { connector: feed, best_effort: true }
  api:
    source: http
    routes:
      GET /: [{ reply: { as: data } }]
`;

describe('the resolved spec', () => {
  const shown = (env = {}) => {
    const { spec, folder } = readText(text, { env });
    return describeConfig(spec, folder);
  };

  it('shows the origin of each value', () => {
    const lines = shown({ TOKEN: 'very secret' }).split('\n');

    expect(lines[0]).toBe('# profile: none');
    expect(lines).toContain('name: example # pipeline.yml:1:7');
    expect(lines).toContain('  dead_letter: log # pipeline.yml:2:26');
    expect(lines).toContain('  shutdown: 5s # default');
    expect(lines).toContain('    seed: 7 # pipeline.yml:5:42, SEED (not set)');
    expect(lines).toContain('      - B # pipeline.yml:4:109');
    expect(lines).toContain('    partitions: 6 # default');
    expect(lines).toContain('      - explode:');
    expect(lines).toContain('          field: data # pipeline.yml:14:27');
    expect(lines).toContain('    dead_letter: log # pipeline.yml:2:26');
    expect(lines).toContain('    dead_letter: none # default');
    expect(lines).toContain('            pagination: false # default');
    expect(shown()).toContain('    token: "" # pipeline.yml:4:81, TOKEN is not set');
  });

  it('hides secrets, wherever they stand', () => {
    const yaml = shown({ TOKEN: 'very secret', URL: 'wss://x/?key=very secret' });

    expect(yaml).not.toMatch(/very secret|hunter22/);
    expect(yaml).toContain('    token: "******" # pipeline.yml:4:81, TOKEN');
    expect(yaml).toContain('url: wss://x/?key=******');
    expect(yaml).toContain('topic: "******" # pipeline.yml:6:46, TOKEN');
    expect(shown()).toContain('url: wss://******@x/?token=******');
  });

  it('is YAML with everything filled in', () => {
    expect(parse(shown({ TOKEN: 'very secret' }))).toMatchObject({
      name: 'example',
      connectors: { mock: { type: 'mock', symbols: ['A', 'B'], rate: '50/s', seed: 7 } },
      topologies: {
        t: {
          autostart: true,
          source: { connector: 'mock' },
          operators: [{ explode: { field: 'data' } }],
          sinks: [
            { connector: 'log', name: 'main', best_effort: false },
            { connector: 'feed', name: 'feed', best_effort: true },
          ],
        },
        api: { routes: { 'GET /': [{ reply: { as: 'data', pagination: false } }] } },
      },
    });
  });
});

describe('the commands', () => {
  const request = (pipeline: string, env = {}) => {
    const folder = folderWith({ 'pipeline.yml': pipeline });
    return { pipelinePath: `${folder}/pipeline.yml`, env, components: shippedComponents, folder };
  };

  it('validate says what would start, or every problem', () => {
    expect(validate(request(text))).toEqual({
      text: 'pipeline.yml is valid: no profile; starts t, api\n',
      exitCode: 0,
    });
    const wrong = validate(request('topologies: { t: { source: mock } }\n'));
    expect(wrong.exitCode).toBe(2);
    expect(wrong.text).toMatch(/^pipeline\.yml:1:28: t: unknown connector "mock"\n {2}topologies: .*\n {29}\^{4}\n/);
    expect(wrong.text).toMatch(/\n1 problem\n$/);
  });

  it('config shows the spec, or every problem', () => {
    expect(config(request(text))).toMatchObject({ exitCode: 0, text: expect.stringContaining('name: example') });
    expect(config(request('connectors: []\n'))).toMatchObject({ exitCode: 2 });
  });
});
