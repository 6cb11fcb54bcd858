import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { connectors } from '../../connectors/index.ts';
import { operators } from '../../operators/index.ts';
import { validate } from '../../src/cli/validate.ts';
import { checkTree } from '../../src/pipeline/check/schema.ts';
import { Problems } from '../../src/pipeline/problem.ts';
import { beginOf, sourceFile } from '../../src/pipeline/read/source.ts';
import { pipelineCopy } from '../support/cli/pipeline-copy.ts';
import { temporaryFolder } from '../support/cli/platform.ts';
import { blockNamed } from '../support/docs/blocks.ts';

const lineOf = (text: string) =>
  readFileSync('pipeline.yml', 'utf8')
    .split('\n')
    .findIndex((line) => line.includes(text)) + 1;

const check = (profile: string | undefined, env = {}, pipelinePath = 'pipeline.yml') =>
  validate({
    pipelinePath,
    profile,
    env,
    components: { connectors, operators },
    folder: process.cwd(),
  });

describe('the shipped pipeline', () => {
  const starts = 'starts ingestor, processor, candles, analytics, api, live; ';

  it.each(['embedded', 'cluster'])('is valid with the profile %s', (profile) => {
    expect(check(profile).text).toContain(`pipeline.yml is valid: profile ${profile}; ${starts}`);
  });

  it('is valid with the profile that it names, and alone it says what it lacks', () => {
    expect(check(undefined).text).toContain('pipeline.yml is valid: profile embedded; ');
    using folder = temporaryFolder();
    const alone = join(folder.path, 'pipeline.yml');
    writeFileSync(alone, readFileSync('pipeline.yml', 'utf8').replace(/^include:.*$/m, ''));
    const { text, exitCode } = check(undefined, {}, alone);
    expect(exitCode).toBe(2);
    expect(text).toContain('unknown profile "embedded"');
    expect(text).toContain('copy the folder config/ beside the pipeline');
    expect(text).toMatch(/\n1 problem\n$/);
  });

  it.each([
    ['LOG_LEVEL', 'loud', 'LOG_LEVEL: expected debug, info, warn, error, silent, got "loud"'],
    ['OBSERVE_PORT', '70000', 'OBSERVE_PORT: expected a port, 0 to 65535'],
    ['OBSERVE_PORT', '8000', 'OBSERVE_PORT: claims port 8000 on 127.0.0.1, as does "http"'],
    ['FDP_INSTANCE', 'a b', 'FDP_INSTANCE: expected 1 to 100 letters'],
    ['FDP_FAIL_POINT', '1', 'FDP_FAIL_POINT: expected NAME'],
  ])('is not valid where the process could not start: %s=%s', (name, value, expected) => {
    const { text, exitCode } = check('embedded', { [name]: value });
    expect(exitCode).toBe(2);
    expect(text).toContain(expected);
  });

  it('reports a mistake as the README shows it', () => {
    using folder = temporaryFolder();
    const endpoint = blockNamed('README.md', 'endpoint').text;
    const shown = blockNamed('README.md', 'mistake').text;
    const wrong = endpoint.replace('in: trades', 'in: trads');
    const path = pipelineCopy(folder.path, ['    routes:\n', `    routes:\n${wrong}`]);
    const { text } = check('embedded', {}, path);
    expect(text.split(`${dirname(path)}/`).join('')).toContain(shown.trimEnd());
  });

  it('lacks a key when its feed is the real market', () => {
    const { text, exitCode } = check('embedded', { FDP_FEED: 'finnhub' });

    expect(exitCode).toBe(2);
    expect(text).toContain('FINNHUB_TOKEN is not set');
    expect(text).toContain('https://finnhub.io/register');
  });

  it('is refused when its counters could not be counters', () => {
    using folder = temporaryFolder();
    const path = pipelineCopy(folder.path);
    const profile = join(dirname(path), 'config/embedded.yml');
    const shipped = readFileSync(profile, 'utf8');
    for (const limit of ['keep: 1d', 'max_size: 1MiB']) {
      writeFileSync(profile, shipped.replace('table: symbols }', `table: symbols, ${limit} }`));
      expect(check('embedded', {}, path).text).toContain(
        `"symbols" cannot hold counters: they are kept forever: leave out`,
      );
    }
    const nameless = pipelineCopy(`${folder.path}/b`, ['    unique: symbol\n', '']);
    for (const name of ['embedded', 'cluster'])
      expect(check(name, {}, nameless).text).toContain(
        `"symbols" cannot hold counters: they need a field that identifies the row: set`,
      );
  });

  it.each([
    ['metadata_upsert: { by: symbol, count: trades }', 'the table has no field trades'],
    [
      'metadata_upsert: { by: price, count: tradeCount }',
      'they name their rows by price, and those of the table by symbol',
    ],
    [
      'aggregate: { key: [symbol], fields: { lastTradeAt: { sum: volume } } }',
      'lastTradeAt is a date, and its sum needs int64 or double or decimal',
    ],
    ['aggregate: { key: [symbol, price], fields: { tradeCount: count } }', 'they name their rows by key, and those'],
  ])('is refused when its table has no field for what is counted: %s', (operator, why) => {
    using folder = temporaryFolder();
    const shipped = 'metadata_upsert: { by: symbol, count: tradeCount, latest: { lastTradeAt: time } }';
    const path = pipelineCopy(folder.path, [shipped, operator]);
    for (const name of ['embedded', 'cluster'])
      expect(check(name, {}, path).text).toContain(`"symbols" cannot hold counters: ${why}`);
  });

  it.each(['embedded', 'cluster'])(
    'is refused when two topologies read the log in one group, profile %s',
    (profile) => {
      using folder = temporaryFolder();
      const sameConnector = pipelineCopy(`${folder.path}/a`, ['group: analytics', 'group: processor']);
      const { text, exitCode } = check(profile, {}, sameConnector);
      expect(exitCode).toBe(2);
      const line = lineOf('group: analytics');
      expect(text).toContain(
        `pipeline.yml:${line}:26: analytics: "processor" (line ${lineOf('group: processor')}) reads`,
      );

      const twin = '  again: { type: kafka, brokers: "other:9092,localhost:9092", topic: raw_stock_ticks }\n';
      const otherConnector = pipelineCopy(
        `${folder.path}/b`,
        ['  rejected: { type: kafka', `${twin}  rejected: { type: kafka`],
        ['connector: ticks, group: analytics', 'connector: again, group: processor'],
      );
      expect(check('cluster', {}, otherConnector).text).toContain('reads this log in group "processor" already');
      const otherTopic = pipelineCopy(
        `${folder.path}/c`,
        ['  rejected: { type: kafka', `${twin.replace('raw_stock_ticks', 'others')}  rejected: { type: kafka`],
        ['connector: ticks, group: analytics', 'connector: again, group: processor'],
      );
      expect(check('cluster', {}, otherTopic).exitCode).toBe(0);
    },
  );
});

describe('every declaration', () => {
  const problems = new Problems();
  const owner = beginOf(sourceFile('none.yml', '', 0));

  it.each([...connectors, ...operators].map((each) => [each.type, each] as const))(
    '%s has options that compile',
    (subject, each) => {
      const roles = 'source' in each || 'sink' in each || 'lookup' in each ? [each.source, each.sink, each.lookup] : [];
      for (const schema of [each.options, ...roles.flatMap((role) => role?.options ?? [])])
        expect(() => checkTree(undefined, { schema, subject, owner, problems, folder: '/' })).not.toThrow();
    },
  );
});
