import { describe, expect, it } from 'vitest';
import { brief, readText, type SpecOptions } from '../../support/pipeline/spec.ts';

const pipeline = `settings: { dead_letter: log, limits: { lane_batches: 3 } }
connectors:
  mock: { type: mock, symbols: [A, B], rate: 5/s }
  log: { type: kafka, brokers: "b:1", topic: t, partitions: 3, tls: { ca: a.pem, server_name: a } }
  table:
    type: mongodb
    url: mongodb://x
    database: d
    collection: c
    fields: { symbol: string }
    unique: symbol
topologies:
  t: { source: mock, sink: log }
  u: { source: mock, operators: [{ explode: { field: data } }], sink: table }
`;

function options(overlay: string, more: SpecOptions = {}, name = 'embedded'): Record<string, unknown> {
  const { resolution, problems } = readText({ 'pipeline.yml': pipeline, [`config/${name}.yml`]: overlay }, more);
  expect(brief(problems)).toEqual([]);
  return Object.fromEntries([...(resolution.plan?.connectors ?? [])].map(([key, plan]) => [key, plan.options]));
}

describe('an overlay', () => {
  it('of the same type is merged, lists are replaced, null removes', () => {
    const overlay =
      'connectors:\n  mock: { symbols: [C], rate: null }\n  log: { type: kafka, tls: { server_name: b } }\n';

    expect(options(overlay)).toMatchObject({
      mock: { symbols: ['C'], rate: '50/s' },
      log: { topic: 't', partitions: 3, tls: { ca: expect.stringMatching(/\/a\.pem$/), server_name: 'b' } },
    });
  });

  it("of another type replaces all but the family's common options", () => {
    const overlay = `connectors:
  log: { type: sqlite_log, path: data/log.db }
  table: { type: sqlite_table, path: data/store.db, table: t, unique: null }
`;
    const { log, table } = options(overlay);

    expect(log).toMatchObject({ topic: 't', partitions: 3, path: expect.stringMatching(/\/data\/log\.db$/) });
    expect(log).not.toHaveProperty('brokers');
    expect(table).toEqual({
      fields: { symbol: 'string' },
      path: expect.stringMatching(/\/data\/store\.db$/),
      table: 't',
    });
  });

  it('of another family keeps nothing', () => {
    const { problems } = readText({
      'pipeline.yml': pipeline,
      'config/embedded.yml': 'connectors:\n  table: { type: kafka, brokers: "b:2" }\n',
    });

    expect(brief(problems)).toContain('5:3 table: lacks "topic"');
  });

  it('changes settings as well', () => {
    const files = {
      'pipeline.yml': pipeline,
      'config/embedded.yml': 'settings: { dead_letter: null, shutdown: 1m, limits: { lane_bytes: 1MiB } }\n',
    };
    const { resolution } = readText(files);

    expect(resolution.plan?.settings).toMatchObject({
      shutdownMs: 60_000,
      limits: { laneBatches: 3, laneBytes: 1024 ** 2 },
    });
    expect(resolution.plan?.topologies[0]?.deadLetter).toBeUndefined();
  });

  it('may not have topologies, nor connectors that the pipeline does not know', () => {
    const files = {
      'pipeline.yml': pipeline,
      'config/embedded.yml': 'topologies: {}\nconnectors:\n  tabel: { path: x }\n  log: [a]\n',
    };
    const { problems } = readText(files);

    expect(brief(problems)).toEqual([
      'config/embedded.yml:1:1 "topologies" can\'t stand in this file',
      'config/embedded.yml:3:3 unknown connector "tabel": an overlay changes those of the pipeline',
      'config/embedded.yml:4:3 log: expected a map of options',
    ]);
    expect(problems[1]?.hint).toContain('did you mean "table"');
  });

  it('is reported at its own position', () => {
    const files = { 'pipeline.yml': pipeline, 'config/embedded.yml': 'connectors:\n  mock: { rate: often }\n' };

    expect(brief(readText(files).problems)).toEqual([
      'config/embedded.yml:2:17 mock.rate: expected a rate such as 50/s, 600/m, or max, got "often"',
    ]);
  });

  it('takes a connector away with null', () => {
    const files = { 'pipeline.yml': pipeline, 'config/embedded.yml': 'connectors:\n  table: null\n' };

    expect(brief(readText(files).problems)).toEqual(['14:71 u: unknown connector "table"']);
  });
});

describe('a profile', () => {
  const fast = 'connectors:\n  mock: { rate: 99/s }\n';

  it('is the one asked for, else FDP_PROFILE of the environment or of .env, else embedded', () => {
    const rate = (more: SpecOptions, files = {}) => {
      const { resolution } = readText(
        { 'pipeline.yml': pipeline, 'config/fast.yml': fast, 'config/embedded.yml': 'connectors: {}\n', ...files },
        more,
      );
      return resolution.plan?.connectors.get('mock')?.options;
    };

    expect(rate({ profile: 'fast' })).toMatchObject({ rate: '99/s' });
    expect(rate({ env: { FDP_PROFILE: 'fast' } })).toMatchObject({ rate: '99/s' });
    expect(rate({}, { '.env': 'FDP_PROFILE=fast\n' })).toMatchObject({ rate: '99/s' });
    expect(rate({ env: { FDP_PROFILE: 'embedded' } }, { '.env': 'FDP_PROFILE=fast\n' })).toMatchObject({ rate: '5/s' });
    expect(rate({})).toMatchObject({ rate: '5/s' });
  });

  it('that is unknown is a mistake which lists those there are', () => {
    const { problems } = readText({ 'pipeline.yml': pipeline, 'config/fast.yml': fast }, { profile: 'fsat' });

    expect(problems).toEqual([{ message: 'unknown profile "fsat"', hint: 'did you mean "fast"? (profiles: fast)' }]);
    const { problems: outside } = readText({ 'pipeline.yml': pipeline, 'x.yml': fast }, { profile: '../x' });
    expect(brief(outside)).toEqual(['unknown profile "../x"']);
  });

  it('is the one that the pipeline names, unless a flag or FDP_PROFILE names another', () => {
    const slow = 'connectors:\n  mock: { rate: 1/s }\n';
    const files = {
      'pipeline.yml': `profile: $\{USUAL:-fast}\n${pipeline}`,
      'config/fast.yml': fast,
      'config/slow.yml': slow,
      'config/embedded.yml': 'connectors: {}\n',
    };
    const rate = (more: SpecOptions) => readText(files, more).resolution.plan?.connectors.get('mock')?.options;

    expect(rate({})).toMatchObject({ rate: '99/s' });
    expect(rate({ env: { FDP_PROFILE: '' } })).toMatchObject({ rate: '99/s' });
    expect(rate({ env: { FDP_PROFILE: 'slow' } })).toMatchObject({ rate: '1/s' });
    expect(rate({ env: { USUAL: 'slow' } })).toMatchObject({ rate: '1/s' });
    expect(rate({ env: { FDP_PROFILE: 'slow' }, profile: 'embedded' })).toMatchObject({ rate: '5/s' });
  });

  it('that the pipeline names and that is not there is one mistake, which says what to do', () => {
    const { problems, resolution, folder } = readText(`profile: embedded\n${pipeline}`);

    expect(resolution.plan).toBeUndefined();
    expect(brief(problems)).toEqual(['1:10 unknown profile "embedded"']);
    expect(problems[0]?.hint).toContain(`there is no ${folder}/config/embedded.yml: copy the folder config/ beside`);
    for (const [profile, expected] of [
      ['[a]', 'profile: expected text, got a list'],
      ['../x', 'profile: expected text such as "embedded"'],
      [`$\{UNSET}`, 'profile: UNSET is not set'],
    ])
      expect(brief(readText(`profile: ${profile}\n${pipeline}`).problems)).toEqual([
        expect.stringContaining(`1:10 ${expected}`),
      ]);
  });

  it('is not needed where there is no config folder', () => {
    expect(readText(pipeline).resolution.plan).toBeDefined();
  });
});
